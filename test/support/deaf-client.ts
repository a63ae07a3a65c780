// A consumer that subscribes and then reads nothing any more: not one byte leaves the socket's buffers.
import { defaultWireFormatOptions } from '../../broker/wire/openwire/wire-format.ts'
import type { Destination } from '../../broker/message/destination.ts'
import { buildConnectionInfo, buildConsumerInfo, buildSessionInfo } from '../../broker/openwire/build-commands.ts'
import { structureOf } from '../../broker/openwire/destination-structure.ts'
import { OpenWirePeer } from './openwire-peer.ts'

const connectionId = 'ID:deaf-1'
/** As much as a broker lets it have: what a client does not read it need not acknowledge either. */
const prefetchSize = 32_766

/** Ends with `destroy`. */
export async function connectDeaf(port: number, destination: Destination): Promise<OpenWirePeer> {
  const peer = await OpenWirePeer.connect(port)
  await peer.negotiate({
    ...defaultWireFormatOptions,
    tightEncodingEnabled: false,
    cacheEnabled: false,
    // Nobody may take it for dead: it is only deaf.
    maxInactivityDurationMs: 0,
  })
  const consumerId = { kind: 'ConsumerId', connectionId, sessionId: 1, value: 1 } as const
  peer.send(
    {
      ...buildConnectionInfo({
        connectionId,
        clientId: connectionId,
        userName: null,
        password: null,
        faultTolerant: false,
      }),
      commandId: 1,
      responseRequired: true,
    },
    { ...buildSessionInfo(connectionId, 1), commandId: 2 },
    {
      ...buildConsumerInfo({ consumerId, destination: structureOf(destination), prefetchSize }),
      commandId: 3,
      responseRequired: true,
    },
  )
  await peer.until(() => peer.received.some((command) => command.kind === 'Response' && command.correlationId === 3))
  peer.pauseReading()
  return peer
}
