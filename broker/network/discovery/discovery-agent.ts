// Finds brokers that are not named in any configuration: the port between those who find them and those who bridge them.
import type { BridgeTarget } from '../discovery-uri.ts'

export interface DiscoveryListener {
  found(target: BridgeTarget): void
  /** It says nothing any more, or has said that it ends. */
  lost(uri: string): void
}

/** Can be started again after it was stopped; then it has found nobody yet. */
export interface DiscoveryAgent {
  start(listener: DiscoveryListener): void
  /** The listener hears no more. */
  stop(): void
}
