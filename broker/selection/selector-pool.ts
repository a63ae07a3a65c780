// The selectors of all consumers of a broker, each compiled once however many consumers have its text, with the properties
// that they ask for.
import { compileSelector } from '../selector/selector.ts'
import type { Operand } from '../selector/value.ts'
import { headerOperand, userIdOperand } from './header-operand.ts'
import { MessageSelector } from './message-selector.ts'
import { PropertyOperand } from './property-operand.ts'
import { ShownMessage } from './shown-message.ts'

interface Pooled<T> {
  readonly value: T
  users: number
}

interface Compiled {
  readonly selector: MessageSelector
  /** The names in its text. */
  readonly names: ReadonlySet<string>
}

export class SelectorPool {
  readonly #shown = new ShownMessage()
  readonly #selectors = new Map<string, Pooled<Compiled>>()
  readonly #operands = new Map<string, Pooled<Operand>>()

  /** To be given back with `release`. @throws {SelectorError} */
  obtain(text: string): MessageSelector {
    let pooled = this.#selectors.get(text)
    if (!pooled) this.#selectors.set(text, (pooled = { value: this.#compile(text), users: 0 }))
    pooled.users++
    return pooled.value.selector
  }

  release({ text }: MessageSelector): void {
    const pooled = this.#selectors.get(text)!
    if (--pooled.users > 0) return
    this.#selectors.delete(text)
    this.#releaseOperands(pooled.value.names)
  }

  /** Different selectors. */
  get size(): number {
    return this.#selectors.size
  }

  #compile(text: string): Compiled {
    const names = new Set<string>()
    try {
      const test = compileSelector(text, (name) => this.#operand(name, names))
      return { selector: new MessageSelector(text, test, this.#shown), names }
    } catch (error) {
      this.#releaseOperands(names)
      throw error
    }
  }

  #operand(name: string, names: Set<string>): Operand {
    let pooled = this.#operands.get(name)
    if (!pooled) this.#operands.set(name, (pooled = { value: operandOf(name, this.#shown), users: 0 }))
    if (!names.has(name)) pooled.users++
    names.add(name)
    return pooled.value
  }

  #releaseOperands(names: Iterable<string>): void {
    for (const name of names) if (--this.#operands.get(name)!.users === 0) this.#operands.delete(name)
  }
}

function operandOf(name: string, shown: ShownMessage): Operand {
  const property = new PropertyOperand(name, shown)
  return name === 'JMSXUserID' ? userIdOperand(shown, property) : (headerOperand(name, shown) ?? property)
}
