// The long form of "strangers that say to be brokers cannot hurt": a million frames at both ends of a broker's bridges.
import { runBridgeCampaign, type BridgeCampaignResult } from './bridge-strangers/bridge-campaign.ts'
import { recordedFrames } from './recorded-frames.ts'
import type { SoakOptions } from './soak.ts'

const framesInAll = 1_000_000

export async function soakBridgeStrangers({ seed, scale, print }: SoakOptions): Promise<void> {
  const recorded = [...recordedFrames('loose'), ...recordedFrames('tight')]
  print(`${recorded.length} recorded frames as further material`)
  const frames = framesInAll * scale
  print(summaryOf(await runBridgeCampaign({ seed, frames, recorded, progress: (soFar) => print(summaryOf(soFar)) })))
}

function summaryOf(result: BridgeCampaignResult): string {
  const { frames, mutated, dialled, dialling, dropped, bridges, forwardedToStrangers, honestMessages } = result
  const { durableSubscriptions, warmRssBytes, maxRssBytes } = result
  return (
    `${frames} frames (${mutated} mutated) on ${dialled} connections that the broker dialled and ${dialling} that it accepted, ${dropped} ended by it; ` +
    `${bridges} dialled bridges started, ${forwardedToStrangers} messages forwarded to strangers, ${durableSubscriptions} durable subscriptions left by them; ` +
    `honest clients: ${honestMessages} messages, none lost or late; ` +
    `resident ${mebibytes(warmRssBytes)} after the warm-up, ${mebibytes(maxRssBytes)} at most`
  )
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
