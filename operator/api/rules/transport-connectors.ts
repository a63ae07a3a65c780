// The ports on which clients connect: none twice, none that is the broker's own.
import { parseSize } from '../../../broker/config/duration-and-size.ts'
import { adminPort, adminPortName } from '../limits.ts'
import { type Rule, wrong } from './rule.ts'

interface ConnectorToCheck {
  readonly name: string
  readonly port: number
  readonly maxFrameSize: string
}

/** Of each connector. */
export const transportConnectorRules: readonly Rule<ConnectorToCheck>[] = [
  {
    cel: {
      rule: `self.port != ${adminPort}`,
      message: `transportConnectors[].port: ${adminPort} is the broker's own admin port; accepted: any other from 1 to 65535`,
      fieldPath: '.port',
    },
    check: ({ port }) =>
      port === adminPort ? wrong('.port', port, "expected any other: it is the broker's own admin port") : undefined,
  },
  {
    cel: {
      rule: `self.name != '${adminPortName}'`,
      message: `transportConnectors[].name: ${adminPortName} is the name of the broker's own admin port; accepted: any other`,
      fieldPath: '.name',
    },
    check: ({ name }) =>
      name === adminPortName
        ? wrong('.name', name, "expected any other: it is the name of the broker's own admin port")
        : undefined,
  },
  {
    // CEL has no arithmetic on sizes that are written as the broker's are.
    check: ({ maxFrameSize }) => {
      const bytes = parseSize(maxFrameSize) ?? 0
      if (bytes >= 1024 && bytes <= 2 ** 31 - 1) return undefined
      return wrong('.maxFrameSize', maxFrameSize, 'expected 1Ki to less than 2Gi')
    },
  },
]

/** Of the list. */
export const transportConnectorListRules: readonly Rule<readonly ConnectorToCheck[]>[] = [
  {
    cel: {
      rule: 'self.all(a, self.exists_one(b, b.port == a.port))',
      message: 'transportConnectors[].port: each connector needs a port of its own',
    },
    check: (connectors) => {
      const ports = new Map<number, number>()
      return connectors.flatMap(({ port }, index) => {
        const other = ports.get(port)
        ports.set(port, index)
        return other === undefined
          ? []
          : [wrong(`[${index}].port`, port, `already used by transportConnectors[${other}]`)]
      })
    },
  },
]
