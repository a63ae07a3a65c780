// The ZooKeeper that brokers under test are elected by: the small one of this process, or where FLOTILLA_TEST_ZOOKEEPER is set Debian's.
import { RealZooKeepers } from './zookeeper-ensemble.ts'
import { ZooKeeperServers } from './zookeeper-server.ts'

const servers = 3

export interface TestZooKeeper {
  readonly address: string
  /** Too few servers are left to answer anybody; resolves with what brings them back. */
  loseQuorum(): Promise<() => Promise<void>>
  /** Nobody who has a session lives any more: it need not be waited for until those time out, where that can be had. */
  forgetSessions(): void
  stop(): Promise<void>
}

export async function startTestZooKeeper(): Promise<TestZooKeeper> {
  return process.env.FLOTILLA_TEST_ZOOKEEPER ? startReal() : startSmall()
}

async function startReal(): Promise<TestZooKeeper> {
  const ensemble = await RealZooKeepers.start(servers)
  const lost = [0, 1]
  return {
    address: ensemble.address,
    async loseQuorum() {
      await Promise.all(lost.map((index) => ensemble.kill(index)))
      return async () => void (await Promise.all(lost.map((index) => ensemble.restart(index))))
    },
    forgetSessions: () => {},
    stop: () => ensemble.stop(),
  }
}

/** Each of its servers has the whole tree, so that none may be left. */
async function startSmall(): Promise<TestZooKeeper> {
  const ensemble = await ZooKeeperServers.start(servers)
  const all = Array.from({ length: servers }, (_, index) => index)
  return {
    address: ensemble.address,
    async loseQuorum() {
      await Promise.all(all.map((index) => ensemble.killServer(index)))
      return async () => void (await Promise.all(all.map((index) => ensemble.startServer(index))))
    },
    forgetSessions: () => ensemble.expireAll(),
    stop: () => ensemble.close(),
  }
}
