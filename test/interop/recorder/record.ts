// `npm run record -- DIR`: makes the recorded data that the codec and conversation tests read, anew, with a stock ActiveMQ.
import { join } from 'node:path'
import { checkChoices, parseCommandLine, refuse } from '../../support/command-line.ts'
import { recordConversations } from './record-conversations.ts'
import { recordVectors } from './record-vectors.ts'
import { recordedActivemq, withRecorderJava } from './recorder-java.ts'
import { scenes } from './scenes.ts'

const help = `npm run record -- DIR [--scene NAME]...
  --scene NAME   only this conversation, and no vectors; may be repeated:
                 ${Object.keys(scenes).join('\n                 ')}

Records with ActiveMQ ${recordedActivemq} into DIR/openwire-vectors, and replaces what is there:
  v*.json, sequences.json, primitives.json   what its marshaller classes write, with the fields they read again
  transcripts/*.json                         conversations of its client and broker through a proxy
Tests read it from the folder that FLOTILLA_SPEC names: FLOTILLA_SPEC=DIR npm test -- test/broker/wire
Needs a JDK 17 and Debian's libactivemq-java.
`

const { values: flags, positionals } = parseCommandLine('record', help, {
  allowPositionals: true,
  options: { scene: { type: 'string', multiple: true, default: [] as string[] } },
})
if (positionals.length !== 1) refuse('record', `expected one DIR, not ${positionals.length}`)
checkChoices('record', '--scene', flags.scene, Object.keys(scenes))

async function record(directory: string, names: readonly string[]): Promise<void> {
  const folder = join(directory, 'openwire-vectors')
  await withRecorderJava(async (java) => {
    if (names.length === 0) {
      const { frames, leftOut } = await recordVectors(java, folder)
      console.log(`${frames} frames of vectors; ActiveMQ cannot marshal in every version: ${leftOut.join(', ')}`)
    }
    const played = names.length === 0 ? Object.keys(scenes) : names
    await recordConversations(java, join(folder, 'transcripts'), played)
    console.log(`${played.length} conversations`)
  })
}

try {
  await record(positionals[0]!, flags.scene)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
