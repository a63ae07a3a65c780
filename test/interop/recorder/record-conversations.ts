// Records conversations of the stock client with the stock broker: the scenes are played in Java through a proxy of ours,
// and ActiveMQ itself says what the frames mean.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JavaProcess } from '../../support/java-process.ts'
import { recordedActivemq, type RecorderJava } from './recorder-java.ts'
import { RecordingProxy, type PassedFrame } from './recording-proxy.ts'
import { scenes } from './scenes.ts'

type Fields = Readonly<Record<string, unknown>> & { readonly _type: string }

/** Writes `<scene>.json` for each into `folder`. Throws when one cannot be played to its end. */
export async function recordConversations(
  java: RecorderJava,
  folder: string,
  names: readonly string[] = Object.keys(scenes),
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const player = java.start('PlayScenes', java.scratch)
  const describer = java.start('DescribeFrames', java.table)
  try {
    for (const name of names) {
      const described = await describe(describer, await play(player, name))
      const frames = described.filter((frame) => !isFarewell(frame))
      writeFileSync(join(folder, `${name}.json`), fileOf(name, frames))
    }
  } finally {
    player.kill()
    describer.kill()
    await Promise.all([player.ended, describer.ended])
  }
}

async function play(player: JavaProcess, name: string): Promise<readonly PassedFrame[]> {
  player.write(`play ${name}\n`)
  const broker = await player.line((line) => line.startsWith('broker '))
  const proxy = await RecordingProxy.before(broker.slice('broker '.length))
  try {
    player.write(`url ${proxy.url}\n`)
    for (;;) {
      const said = await player.line((line) => /^(settle|cut|played|failed .*)$/.test(line))
      if (said.startsWith('failed')) throw new Error(`Cannot record ${name}: ${said}`)
      if (said === 'played') break
      if (said === 'settle') await proxy.settled()
      else proxy.cut()
      player.write('done\n')
    }
    await proxy.ended()
    player.write('end\n')
    return proxy.frames
  } finally {
    proxy.close()
  }
}

/**
 * A broker that ends a connection says so, if its thread for dispatches still gets to run before the socket closes
 * (TransportConnection.iterate): that is luck, nobody waits for it, and one recording would have it and the next not.
 */
const isFarewell = ({ dir, fields }: DescribedFrame): boolean => dir === 'B>C' && fields._type === 'ShutdownInfo'

type DescribedFrame = PassedFrame & { readonly summary: string; readonly fields: Fields }

async function describe(describer: JavaProcess, frames: readonly PassedFrame[]): Promise<DescribedFrame[]> {
  describer.write('conversation\n')
  const described: DescribedFrame[] = []
  for (const { conn, dir, hex } of frames) {
    describer.write(`frame ${conn} ${dir} ${hex}\n`)
    const fields = JSON.parse(await describer.line((line) => line.startsWith('{'))) as Fields
    described.push({ conn, dir, summary: summaryOf(fields), hex, fields })
  }
  return described
}

/** A frame in a few words, for who reads the file. */
function summaryOf(fields: Fields): string {
  const { _type, commandId, responseRequired, correlationId, destination } = fields
  const words = [_type]
  if (commandId !== undefined) words.push(`#${commandId as number}`)
  if (typeof correlationId === 'number') words.push(`for #${correlationId}`)
  if (responseRequired === true) words.push('resp')
  if (destination) words.push((destination as { physicalName: string }).physicalName)
  return words.join(' ')
}

/** A line for each frame. */
function fileOf(name: string, frames: readonly DescribedFrame[]): string {
  const head = { id: name, what: scenes[name], made_with: `client and broker of ActiveMQ ${recordedActivemq}` }
  const lines = frames.map((frame) => JSON.stringify(frame)).join(',\n')
  return `${JSON.stringify(head).slice(0, -1)},"frames":[\n${lines}\n]}\n`
}
