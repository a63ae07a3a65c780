import { runCampaign } from '/work/main/test/reliability/strangers.ts'
const [encoding, frames, seed] = process.argv.slice(2)
const t = performance.now()
const r = await runCampaign({ encoding: encoding as 'loose', frames: Number(frames), seed: Number(seed), progress: r => console.log(r.frames, Math.round(performance.now()-t), r.maxRssBytes>>20) })
console.log(r, Math.round(performance.now()-t)+' ms')
