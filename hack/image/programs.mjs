// Which program of the image is meant. Pods of a broker give flags only, so those are the broker's. JavaScript, because the
// code of each program is found by its name, compiled.
const files = {
  broker: 'broker/main.mjs',
  operator: 'operator/main.ts',
  journal: 'broker/cli.ts',
}

/**
 * `args` without Node and the entry. Returns the program's name, its file below the root and its own arguments, or why it is
 * refused.
 */
export function programOf(args) {
  const [name] = args
  if (name === undefined || name.startsWith('-')) return { name: 'broker', file: files.broker, args }
  if (!Object.hasOwn(files, name))
    return { refused: `"${name}" is none of ${Object.keys(files).join(', ')}; flags alone are for the broker` }
  // `journal` is a command of a program that has more than one, and is told the word.
  return { name, file: files[name], args: name === 'journal' ? args : args.slice(1) }
}
