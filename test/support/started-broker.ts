// A broker in this process, on free ports, that forgets everything: for tests that talk to it over sockets.
import { hostname } from 'node:os'
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger, type Logger } from '../../broker/base/logger.ts'
import { Broker } from '../../broker/broker.ts'
import { brokerConfigSchema, type BrokerConfig, type BrokerConfigInput } from '../../broker/config/schema.ts'
import { NoLock } from '../../broker/lock/none/no-lock.ts'
import type { Lock } from '../../broker/lock/lock.ts'
import type { Storage } from '../../broker/storage/storage.ts'
import { MemoryStore } from '../../broker/store/memory/memory-store.ts'
import type { MessageStore } from '../../broker/store/message-store.ts'
import type { TempStore } from '../../broker/store/temp-store.ts'

export interface StartedBroker {
  readonly broker: Broker
  /** Of the first transport connector. */
  readonly port: number
  readonly adminUrl: string
}

export interface StartOptions {
  readonly config?: BrokerConfigInput
  readonly connector?: Partial<NonNullable<BrokerConfigInput['transportConnectors']>[number]>
  readonly logger?: Logger
  readonly store?: MessageStore
  readonly lock?: Lock
  readonly temp?: TempStore
  /** Instead of all three. */
  readonly storage?: Storage
  readonly waitsWhenRefused?: boolean
}

export function testConfig({ config, connector }: StartOptions = {}): BrokerConfig {
  return brokerConfigSchema.parse({
    store: { type: 'Memory' },
    transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port: 0, ...connector }],
    admin: { host: '127.0.0.1', port: 0 },
    ...config,
  })
}

export function buildTestBroker(options: StartOptions = {}): Broker {
  const config = testConfig(options)
  return new Broker({
    config,
    member: 'member-0',
    version: '0.0.0',
    hostName: hostname(),
    clock: systemClock,
    logger: options.logger ?? silentLogger,
    storage: options.storage ?? {
      kind: config.store.type,
      store: options.store ?? new MemoryStore(),
      lock: options.lock ?? new NoLock('member-0'),
      temp: options.temp ?? null,
    },
    availableMemoryBytes: 2 ** 30,
    waitsWhenRefused: options.waitsWhenRefused ?? false,
  })
}

export async function startBroker(options: StartOptions = {}): Promise<StartedBroker> {
  const broker = buildTestBroker(options)
  await broker.start()
  return { broker, port: broker.ports.get('openwire')!, adminUrl: `http://127.0.0.1:${broker.adminPort}` }
}
