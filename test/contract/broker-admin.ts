// What every BrokerAdmin does: the one that asks over HTTP, and the world of fake brokers that tests of reconciling ask.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type BrokerAdmin,
  BrokerAdminError,
  type BrokerAdminTarget,
  type RoleListener,
} from '../../operator/broker-admin/broker-admin.ts'

/** An active and a standby of one group. */
export interface BrokersUnderTest {
  readonly admin: BrokerAdmin
  readonly active: BrokerAdminTarget
  readonly standby: BrokerAdminTarget
  /** From now on the standby says that it does not use its data directory. */
  refuseStore(sentence: string): void
  /** From now on the standby is active. */
  promote(): void
  /** From now on nobody answers for the standby. */
  silence(): Promise<void> | void
  close?(): Promise<void>
}

export function brokerAdminContract(title: string, open: () => Promise<BrokersUnderTest>): void {
  describe(`${title} as a BrokerAdmin`, () => {
    let brokers: BrokersUnderTest
    beforeAll(async () => {
      brokers = await open()
    })
    afterAll(() => brokers?.close?.())

    test('an active tells its name, its term, since when, and that it holds the lock', async () => {
      const { admin, active } = brokers
      const snapshot = await admin.snapshot(active)
      expect(snapshot).toMatchObject({
        role: 'Active',
        member: active.name,
        brokerName: active.name.replace(/-\d+$/, ''),
        version: expect.any(String),
        lock: { type: 'File', holder: active.name, term: snapshot.term },
      })
      expect(snapshot.term).toBeGreaterThan(0)
      expect(Date.parse(snapshot.activeSince!)).not.toBeNaN()
      expect(snapshot.store.refusal ?? undefined).toBeUndefined()
    })

    test('a standby has no term of its own', async () => {
      const { admin, standby } = brokers
      expect(await admin.snapshot(standby)).toMatchObject({
        role: 'Standby',
        member: standby.name,
        term: null,
        activeSince: null,
      })
    })

    test('a member that refuses a foreign store says so', async () => {
      const { admin, standby, active } = brokers
      brokers.refuseStore('It belongs to billing-g0')
      expect((await admin.snapshot(standby)).store.refusal).toBe('It belongs to billing-g0')
      expect((await admin.snapshot(active)).store.refusal ?? undefined).toBeUndefined()
    })

    test('an active drains as it was told last, until it is to take part again; a standby refuses', async () => {
      const { admin, active, standby } = brokers
      expect((await admin.snapshot(active)).drain).toBeUndefined()
      await admin.drain(active, { to: ['static:(tcp://other:61616)'] })
      await admin.drain(active, { to: ['static:(tcp://a:61616)', 'masterslave:(tcp://b:61616,tcp://c:61616)'] })
      expect((await admin.snapshot(active)).drain).toMatchObject({
        to: ['static:(tcp://a:61616)', 'masterslave:(tcp://b:61616,tcp://c:61616)'],
        messagesRemaining: expect.any(Number),
        messagesOfSubscriptions: expect.any(Number),
      })
      await admin.endDrain(active)
      expect((await admin.snapshot(active)).drain).toBeUndefined()
      for (const [told, words] of [
        [admin.drain(standby, { to: ['static:(tcp://a:61616)'] }), 'drain'],
        [admin.endDrain(standby), 'take part again'],
      ] as const) {
        const error: unknown = await told.catch((caught: unknown) => caught)
        expect(error).toBeInstanceOf(BrokerAdminError)
        expect(error).toMatchObject({ code: 'BROKER_REFUSED', status: 409 })
        expect((error as Error).message).toMatch(
          new RegExp(`^Cannot have broker ${standby.namespace}/${standby.name} ${words}: `),
        )
      }
    })

    test('who watches a member is told its role once, and again when it changes, until that is given up', async () => {
      const { admin, standby } = brokers
      const [watched, given] = [new Heard(), new Heard()]
      const giveUp = admin.watchRole(standby, given)
      const end = admin.watchRole(standby, watched)
      await watched.count(1)
      await given.count(1)
      giveUp()
      brokers.promote()
      await watched.count(2)
      expect(watched.heard).toEqual(['told', 'told'])
      expect(given.heard).toEqual(['told'])
      end()
    })

    test('who watches a member is told its end', async () => {
      const { admin, standby } = brokers
      const watched = new Heard()
      admin.watchRole(standby, watched)
      await watched.count(1)
      await brokers.silence()
      await watched.count(2)
      expect(watched.heard).toEqual(['told', 'ended'])
      const late = new Heard()
      admin.watchRole(standby, late)
      await late.count(1)
      expect(late.heard).toEqual(['ended'])
    })

    test('one that does not answer is an error that names it', async () => {
      const { admin, standby, active } = brokers
      await brokers.silence()
      const error: unknown = await admin.snapshot(standby).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(BrokerAdminError)
      expect(error).toMatchObject({ code: 'BROKER_UNREACHABLE' })
      const { namespace, name } = standby
      expect((error as Error).message).toMatch(new RegExp(`^Cannot read the state of broker ${namespace}/${name}: `))
      expect(await admin.snapshot(active)).toMatchObject({ role: 'Active' })
    })
  })
}

class Heard implements RoleListener {
  readonly heard: string[] = []
  #waiting: { readonly count: number; resolve(): void } | undefined

  told(): void {
    this.#hear('told')
  }

  ended(): void {
    this.#hear('ended')
  }

  /** Resolves when so much was heard. */
  count(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { count, resolve }
      this.#check()
    })
  }

  #hear(what: string): void {
    this.heard.push(what)
    this.#check()
  }

  #check(): void {
    if (this.#waiting && this.heard.length >= this.#waiting.count) this.#waiting.resolve()
  }
}
