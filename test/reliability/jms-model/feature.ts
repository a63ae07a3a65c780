// What a feature adds to the JMS model: commands of clients, drawn by chance, and what has to be true when everything is at rest. A
// new one is a file of its own in features/, and a line in model.ts.
import type { BookConsumer, Copy } from './book.ts'
import type { ModelClient } from './client.ts'
import type { JmsModel } from './model.ts'

export interface Feature {
  /** By name: how often it is drawn, and what it does; false when there was nothing to do. */
  readonly commands: Readonly<Record<string, Command>>
  /** A copy, which waits as yet, is given to a consumer that may have it. */
  delivered?(copy: Copy, consumer: BookConsumer, atMs: number): void
  /** Nothing is on its way, and nobody is held back. */
  checkRest?(model: JmsModel): void
}

export interface Command {
  readonly weight: number
  run(client: ModelClient, model: JmsModel): void | Promise<void>
}
