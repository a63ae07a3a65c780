// The long form of "strangers cannot hurt": ten million hostile frames per encoding against sessions in this process, then
// hostile clients on real sockets of a real broker process with honest clients beside them.
import { recordedFrames } from './recorded-frames.ts'
import type { SoakOptions } from './soak.ts'
import { runSocketCampaign } from './stranger-sockets.ts'
import { runCampaign, type CampaignResult, type Encoding } from './strangers.ts'

const framesPerEncoding = 10_000_000
const socketSeconds = 300

export async function soakStrangers(options: SoakOptions): Promise<void> {
  await soakStrangersInProcess('loose', options)
  await soakStrangersInProcess('tight', options)
  await soakStrangersOverSockets(options)
}

export async function soakStrangersInProcess(encoding: Encoding, { seed, scale, print }: SoakOptions): Promise<void> {
  const recorded = recordedFrames(encoding)
  print(`${encoding}: ${recorded.length} recorded frames as further material`)
  const result = await runCampaign({
    encoding,
    seed,
    frames: framesPerEncoding * scale,
    recorded,
    progress: (soFar) => print(summaryOf(encoding, soFar)),
  })
  print(summaryOf(encoding, result))
  print(`${encoding}: limits reached ${JSON.stringify(result.limits)}`)
}

export async function soakStrangersOverSockets({ seed, scale, print }: SoakOptions): Promise<void> {
  await runSocketCampaign({ seed, seconds: socketSeconds * scale, print })
}

function summaryOf(encoding: Encoding, result: CampaignResult): string {
  const { frames, mutated, conversations, dropped, honestMessages, warmRssBytes, maxRssBytes } = result
  return (
    `${encoding}: ${frames} frames (${mutated} mutated) on ${conversations} connections, ${dropped} dropped by the broker; ` +
    `honest client: ${honestMessages} messages on each of 2 destinations, none lost or late; ` +
    `resident ${mebibytes(warmRssBytes)} after the warm-up, ${mebibytes(maxRssBytes)} at most`
  )
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
