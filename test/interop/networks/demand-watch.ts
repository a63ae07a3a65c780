// Who wants a destination at one broker, as its consumer advisories say: those of applications, and those of bridges on behalf of
// consumers elsewhere. Advisories tell of all consumers that are there when the watch begins, and come in the order of the events.
import type { Connection } from '../../../broker/client/index.ts'
import { consumerIdText } from '../../../broker/openwire/id-text.ts'
import type { DataStructure } from '../../../broker/wire/openwire/commands.ts'

const longestWaitMs = 20_000

export interface Demand {
  /** Of a bridge. */
  readonly network: boolean
  readonly priority: number
  readonly selector: string | null
  readonly destination: string
}

export class DemandWatch {
  readonly #connection: Connection
  readonly #demand = new Map<string, Demand>()
  #changed = (): void => {}

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /** `destination`: queue://NAME or topic://NAME. The watch has the connection for itself. */
  static async start(connection: Connection, destination: string): Promise<DemandWatch> {
    const watch = new DemandWatch(connection)
    const [, kind, name] = /^(queue|topic):\/\/(.*)$/.exec(destination)!
    const topic = `ActiveMQ.Advisory.Consumer.${kind === 'queue' ? 'Queue' : 'Topic'}.${name}`
    const consumer = await (await connection.createSession('auto')).createConsumer(`topic://${topic}`)
    consumer.setListener(({ command }) => watch.#heard(command.dataStructure))
    return watch
  }

  get demand(): readonly Demand[] {
    return [...this.#demand.values()]
  }

  async until(isSo: (demand: readonly Demand[]) => boolean, what: string): Promise<readonly Demand[]> {
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`No ${what} within ${longestWaitMs} ms: ${JSON.stringify(this.demand)}`)),
        longestWaitMs,
      )
    })
    try {
      while (!isSo(this.demand))
        await Promise.race([new Promise<void>((resolve) => (this.#changed = resolve)), tooLong])
      return this.demand
    } finally {
      clearTimeout(timer)
    }
  }

  stop(): Promise<void> {
    return this.#connection.close()
  }

  #heard(structure: DataStructure | null): void {
    if (structure?.kind === 'ConsumerInfo')
      this.#demand.set(consumerIdText(structure.consumerId!), {
        network: structure.networkSubscription,
        priority: structure.priority,
        selector: structure.selector,
        destination: structure.destination?.physicalName ?? '',
      })
    else if (structure?.kind === 'RemoveInfo' && structure.objectId?.kind === 'ConsumerId')
      this.#demand.delete(consumerIdText(structure.objectId))
    else return
    this.#changed()
  }
}
