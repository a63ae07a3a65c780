// A connection between two honest brokers: what one writes reaches the other at the end of the task.
import type { Clock } from '../../../broker/base/clock.ts'
import type { ChannelListener } from '../../../broker/client/transport/channel.ts'
import { OpenWireChannel } from '../../../broker/client/transport/openwire-channel.ts'
import type { Endpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import { OpenWireSessionFactory } from '../../../broker/session/openwire/openwire-session-factory.ts'
import type { Session, SessionOutput } from '../../../broker/session/session.ts'
import { defaultWireFormatOptions } from '../../../broker/wire/openwire/wire-format.ts'
import type { DuplexBridges } from '../../../broker/session/openwire/duplex-bridges.ts'
import type { SessionService } from '../../../broker/session/session-service.ts'

const clusterClients = {
  updateClusterClients: false,
  rebalanceClusterClients: false,
  updateClusterClientsOnRemove: false,
  updateClusterFilter: undefined,
}

export interface DialledBroker {
  readonly service: SessionService
  readonly duplexBridges: DuplexBridges
}

export class HonestPipe implements SessionOutput {
  readonly channel: OpenWireChannel
  readonly bufferedBytes = 0
  readonly sentBytes = 0
  readonly #session: Session

  constructor(broker: DialledBroker, endpoint: Endpoint, listener: ChannelListener, clock: Clock) {
    this.channel = new OpenWireChannel(endpoint, listener, clock)
    const { duplexBridges } = broker
    const sessions = new OpenWireSessionFactory(broker.service, {
      wireFormat: defaultWireFormatOptions,
      clusterClients,
      duplexBridges,
    })
    this.#session = sessions.createSession({
      output: this,
      remoteAddress: 'tcp://us:1',
      connectorName: 'openwire',
      dropped: (reason) => this.channel.fail(new Error(`dropped: ${reason}`)),
    })
    queueMicrotask(() => this.#open())
  }

  write(bytes: Buffer): void {
    queueMicrotask(() => this.channel.received(bytes))
  }

  pauseReading(): void {}

  resumeReading(): void {}

  end(): void {
    queueMicrotask(() => this.channel.fail(new Error('the other broker has ended the connection')))
  }

  destroy(): void {
    this.end()
  }

  #open(): void {
    this.#session.start()
    this.channel.opened({
      write: (bytes) => queueMicrotask(() => this.#session.receive(bytes)),
      drained: () => null,
      pause() {},
      resume() {},
      end: () => queueMicrotask(() => this.#session.close()),
    })
  }
}
