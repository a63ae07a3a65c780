// Strangers that say to be brokers cannot hurt (docs/reliability.md): the short form of the campaign. What they found is in
// lying-brokers.test.ts, each as a scenario.
import { expect, test } from '@jest/globals'
import { runBridgeCampaign } from '../../reliability/bridge-strangers/bridge-campaign.ts'
import { recordedFrames } from '../../reliability/recorded-frames.ts'

const seed = Date.now() % 2 ** 31

test(`10,000 frames at both ends of bridges end in answers and closed connections (seed ${seed})`, async () => {
  const frames = 10_000
  const result = await runBridgeCampaign({
    frames,
    seed,
    recorded: [...recordedFrames('loose'), ...recordedFrames('tight')],
  })
  expect(result.frames).toBeGreaterThanOrEqual(frames)
  expect(Math.min(result.dialled, result.dialling, result.bridges, result.honestMessages)).toBeGreaterThan(0)
})
