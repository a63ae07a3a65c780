// Which program of the image is meant. Pods of a broker give flags only, so those are the broker's.

interface Program {
  /** Below the root. */
  readonly file: string
  readonly args: readonly string[]
}

const files = {
  broker: 'broker/main.mjs',
  operator: 'operator/main.ts',
  journal: 'broker/cli.ts',
} as const

const isProgram = (name: string): name is keyof typeof files => Object.hasOwn(files, name)

/** `args` without Node and the entry. */
export function programOf(args: readonly string[]): Program | { readonly refused: string } {
  const [name] = args
  if (name === undefined || name.startsWith('-')) return { file: files.broker, args }
  if (!isProgram(name))
    return { refused: `"${name}" is none of ${Object.keys(files).join(', ')}; flags alone are for the broker` }
  // `journal` is a command of a program that has more than one, and is told the word.
  return { file: files[name], args: name === 'journal' ? args : args.slice(1) }
}
