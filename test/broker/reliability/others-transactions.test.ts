// A stranger that names the transactions of others, and those that a broker could have made up for itself, over real sockets
// and on both stores: nothing of it reaches anybody, and whoever is innocent goes on.
import { afterEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { nodeDisk } from '../../../broker/disk/node-disk.ts'
import { transactionTypes } from '../../../broker/openwire/transaction-types.ts'
import { openStorage } from '../../../broker/storage/open-storage.ts'
import type { Storage } from '../../../broker/storage/storage.ts'
import type { Command, ExceptionResponse, Response } from '../../../broker/wire/openwire/commands.ts'
import { defaultWireFormatOptions } from '../../../broker/wire/openwire/wire-format.ts'
import { OpenWirePeer } from '../../support/openwire-peer.ts'
import { startBroker, testConfig, type StartedBroker } from '../../support/started-broker.ts'
import { connectionInfo } from '../session/openwire/session-harness.ts'
import {
  consumerInfo,
  messageAck,
  producerInfo,
  textMessage,
  transactionInfo,
} from '../session/openwire/test-commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'flotilla-transactions-'))
let started: StartedBroker | undefined

afterEach(async () => {
  await started?.broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

const storageOf = (type: 'Memory' | 'Journal'): Storage =>
  openStorage(testConfig({ config: { store: { type } } }), {
    member: 'member-0',
    dataDirectory: directory,
    hostName: 'host',
    makesDirectory: true,
    disk: nodeDisk,
    clock: systemClock,
    random: { next: Math.random },
    logger: silentLogger,
    memoryLimitBytes: 2 ** 30,
    watchUrl: () => 'http://127.0.0.1:1/watch',
    openWatch: () => () => {},
  })

/** A client with one connection, and one command under way at a time. */
class Client {
  readonly id: string
  readonly #peer: OpenWirePeer
  #commandId = 0
  #messages = 0

  private constructor(id: string, peer: OpenWirePeer) {
    this.id = id
    this.#peer = peer
  }

  static async connect(id: string, port: number): Promise<Client> {
    const peer = await OpenWirePeer.connect(port)
    await peer.negotiate(defaultWireFormatOptions)
    const client = new Client(id, peer)
    await client.ask(connectionInfo({ connectionId: client.connectionId, clientId: `client of ${id}` }))
    await client.ask(producerInfo({ producerId: client.producerId, destination: null }))
    return client
  }

  get connectionId() {
    return { kind: 'ConnectionId', value: this.id } as const
  }

  get producerId() {
    return { kind: 'ProducerId', connectionId: this.id, value: 1, sessionId: -1 } as const
  }

  get consumerId() {
    return { kind: 'ConsumerId', connectionId: this.id, value: 1, sessionId: -1 } as const
  }

  /** Resolves with the answer: its message when it is a refusal. */
  async ask(command: Command): Promise<string> {
    const correlationId = ++this.#commandId
    this.#peer.send({ ...command, commandId: correlationId, responseRequired: true } as Command)
    const isAnswer = (found: Command): found is Response | ExceptionResponse =>
      (found.kind === 'Response' || found.kind === 'ExceptionResponse') && found.correlationId === correlationId
    await this.#peer.until(() => this.#peer.received.some(isAnswer))
    const answer = this.#peer.received.find(isAnswer)!
    return answer.kind === 'Response' ? 'OK' : (answer.exception?.message ?? '')
  }

  transact(type: keyof typeof transactionTypes, owner: string, value = 1): Promise<string> {
    const transactionId = {
      kind: 'LocalTransactionId',
      value,
      connectionId: { kind: 'ConnectionId', value: owner },
    } as const
    return this.ask(transactionInfo(transactionTypes[type], { connectionId: this.connectionId, transactionId }))
  }

  send(queue: string, owner?: string, value = 1): Promise<string> {
    const { producerId } = this
    return this.ask(
      textMessage({
        producerId,
        destination: { kind: 'ActiveMQQueue', physicalName: queue },
        persistent: true,
        messageId: {
          kind: 'MessageId',
          textView: null,
          producerId,
          producerSequenceId: ++this.#messages,
          brokerSequenceId: 0,
        },
        ...(owner !== undefined && {
          transactionId: { kind: 'LocalTransactionId', value, connectionId: { kind: 'ConnectionId', value: owner } },
        }),
      }),
    )
  }

  acknowledge(owner: string): Promise<string> {
    return this.ask(
      messageAck({
        consumerId: this.consumerId,
        transactionId: { kind: 'LocalTransactionId', value: 1, connectionId: { kind: 'ConnectionId', value: owner } },
      }),
    )
  }

  async receive(queue: string): Promise<string | null | undefined> {
    const destination = { kind: 'ActiveMQQueue', physicalName: queue } as const
    await this.ask(consumerInfo({ consumerId: this.consumerId, destination }))
    const { message } = await this.#peer.next('MessageDispatch')
    return message?.messageId?.producerId?.connectionId
  }

  end(): void {
    this.#peer.destroy()
  }
}

describe.each(['Memory', 'Journal'] as const)('on the store %s', (type) => {
  test('a transaction of another connection cannot be begun, filled, acknowledged in, committed or rolled back', async () => {
    started = await startBroker({ config: { store: { type } }, storage: storageOf(type) })
    const victim = await Client.connect('victim', started.port)
    expect(await victim.transact('begin', 'victim')).toBe('OK')
    expect(await victim.send('Q', 'victim')).toBe('OK')

    const stranger = await Client.connect('stranger', started.port)
    const refused = "Transaction 'TX:victim:1' has not been started."
    expect(await stranger.transact('begin', 'victim')).toBe(refused)
    expect(await stranger.send('Q', 'victim')).toBe(refused)
    expect(await stranger.acknowledge('victim')).toBe(refused)
    expect(await stranger.transact('commitOnePhase', 'victim')).toBe(refused)
    expect(await stranger.transact('rollback', 'victim')).toBe(refused)

    expect(await victim.transact('commitOnePhase', 'victim')).toBe('OK')
    expect(await victim.send('Other')).toBe('OK')
    expect(await stranger.receive('Q')).toBe('victim')
    for (const client of [victim, stranger]) client.end()
  })

  test('a connection that calls itself as a broker might call its own has only its own transactions', async () => {
    started = await startBroker({ config: { store: { type } }, storage: storageOf(type) })
    const innocent = await Client.connect('innocent', started.port)
    for (const name of ['composite', 'dead-letter']) {
      const stranger = await Client.connect(name, started.port)
      for (let value = 1; value <= 3; value++) {
        expect(await stranger.transact('begin', name, value)).toBe('OK')
        expect(await stranger.send('Strange', name, value)).toBe('OK')
      }
      expect(await innocent.send('A,B')).toBe('OK')
      for (let value = 1; value <= 3; value++) expect(await stranger.transact('rollback', name, value)).toBe('OK')
      stranger.end()
    }
    expect(await innocent.send('A')).toBe('OK')
    expect(await innocent.receive('B')).toBe('innocent')
    innocent.end()
  })
})
