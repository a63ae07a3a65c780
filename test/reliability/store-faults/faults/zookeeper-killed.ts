// SIGKILL of servers of ZooKeeper: of its leader, after which the others elect one; of two, without which nobody serves for long.
import { type StoreFault, sleep } from '../fault.ts'

const mostDownMs = 3000
const stepsDownMs = 60_000
const pollMs = 50

export const zooKeeperLeaderKilled: StoreFault = {
  name: 'zookeeper-leader-killed',
  about: "SIGKILL of ZooKeeper's leader, started again",
  rounds: 25,
  stores: ['replicated'],
  strike: async ({ replicated: { zooKeepers }, dice }) => {
    const leader = await zooKeepers.leader()
    await zooKeepers.kill(leader)
    await sleep(dice.between(0, mostDownMs))
    await zooKeepers.restart(leader)
  },
}

export const zooKeepersGone: StoreFault = {
  name: 'zookeepers-gone',
  about: 'SIGKILL of two of three ZooKeepers, started again when nobody serves',
  rounds: 5,
  stores: ['replicated'],
  strike: async ({ replicated: { zooKeepers }, group, dice, waitsFromNow }) => {
    const spared = dice.between(0, 2)
    const gone = [0, 1, 2].filter((server) => server !== spared)
    await Promise.all(gone.map((server) => zooKeepers.kill(server)))
    const deadline = Date.now() + stepsDownMs
    try {
      while ((await Promise.all(group.members.map((member) => member.role()))).some((one) => one?.role === 'Active')) {
        if (Date.now() > deadline) throw new Error(`Somebody serves ${stepsDownMs} ms after ZooKeeper has gone`)
        await sleep(pollMs)
      }
      await sleep(dice.between(0, mostDownMs))
    } finally {
      await Promise.all(gone.map((server) => zooKeepers.restart(server)))
    }
    waitsFromNow()
  },
}
