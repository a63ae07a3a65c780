// A small ext4 volume in a file, which can go read-only as after an I/O error, take no more writes, or answer nothing at
// all. Needs root, a loop device and Linux; `whyNoVolume` tells what is missing. A driver should run in a mount namespace of
// its own, so that nothing stays mounted whatever happens to it.
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const tools = ['mount', 'umount', 'mkfs.ext4', 'e2fsck', 'fsfreeze', 'findmnt', 'chattr']
const outerMiB = 1024
const innerMiB = 768
const repairAttempts = 200

export function whyNoVolume(make: () => { remove(): void } = () => new LoopVolume()): string | undefined {
  if (process.platform !== 'linux') return `loop devices of Linux are needed, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'root is needed to mount a volume'
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) return `${missing.join(', ')} missing`
  try {
    make().remove()
    return undefined
  } catch (error) {
    return String(error)
  }
}

export class LoopVolume {
  /** Where the volume is mounted. */
  readonly directory: string
  readonly #base: string
  readonly #outer: string
  readonly #image: string

  constructor() {
    this.#base = mkdtempSync(join(tmpdir(), 'flotilla-volume-'))
    this.#outer = join(this.#base, 'outer')
    this.#image = join(this.#outer, 'image')
    this.directory = join(this.#base, 'volume')
    try {
      const outerImage = join(this.#base, 'outer-image')
      mount(outerImage, this.#outer, outerMiB)
      mount(this.#image, this.directory, innerMiB)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** As a failed write of its metadata would: the kernel lets nobody write any more, open files included. */
  failReadOnly(): void {
    const device = run('findmnt', '-no', 'SOURCE', this.directory).trim()
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1')
  }

  /** Unmounts, checks and mounts it again, as soon as nobody has a file of it open. */
  async repair(): Promise<void> {
    for (let attempt = 1; spawnSync('umount', [this.directory]).status !== 0; attempt++) {
      if (attempt === repairAttempts)
        throw new Error(`Cannot unmount ${this.directory}: ${run('fuser', '-vm', this.directory)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    // 1: errors were found and corrected.
    const { status, stdout } = spawnSync('e2fsck', ['-fp', this.#image], { encoding: 'utf8' })
    if (status !== 0 && status !== 1) throw new Error(`Cannot repair the volume: ${stdout}`)
    run('mount', '-o', 'loop,errors=remount-ro', this.#image, this.directory)
  }

  /** Writes wait for `forMs`; reading goes on. Thaws by itself even if this process ends. */
  async freeze(forMs: number): Promise<void> {
    await frozen(this.directory, forMs)
  }

  /** The device behind the volume answers nothing for `forMs`; only what is in memory can be read. */
  async hang(forMs: number): Promise<void> {
    await frozen(this.#outer, forMs)
  }

  remove(): void {
    for (const directory of [this.directory, this.#outer]) {
      spawnSync('umount', ['-l', directory])
      if (existsSync(directory)) spawnSync('chattr', ['-i', directory])
    }
    rmSync(this.#base, { recursive: true, force: true })
  }
}

/** One that fills up soon: its directory is mounted where everybody sees it, so `remove` it whatever happens. */
export class SmallVolume {
  readonly directory: string
  readonly #base: string

  constructor(sizeMiB: number) {
    this.#base = mkdtempSync(join(tmpdir(), 'flotilla-small-'))
    // A database server is not root.
    chmodSync(this.#base, 0o755)
    this.directory = join(this.#base, 'volume')
    try {
      mount(join(this.#base, 'image'), this.directory, sizeMiB)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Takes all that is left, to the last byte. */
  fill(): void {
    const file = openSync(this.#ballast, 'a')
    for (const size of [2 ** 20, 4096])
      try {
        for (;;) writeSync(file, Buffer.alloc(size))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    closeSync(file)
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#ballast, { force: true })
  }

  remove(): void {
    spawnSync('umount', ['-l', this.directory])
    if (existsSync(this.directory)) spawnSync('chattr', ['-i', this.directory])
    rmSync(this.#base, { recursive: true, force: true })
  }

  get #ballast(): string {
    return join(this.directory, 'ballast')
  }
}

function mount(image: string, directory: string, sizeMiB: number): void {
  mkdirSync(directory)
  // Nobody shall write beside the volume while it is not mounted.
  spawnSync('chattr', ['+i', directory])
  writeFileSync(image, '')
  truncateSync(image, sizeMiB * 2 ** 20)
  run('mkfs.ext4', '-q', image)
  run('mount', '-o', 'loop,errors=remount-ro', image, directory)
}

/** Resolves when it is over. */
function frozen(directory: string, forMs: number): Promise<void> {
  const script = `fsfreeze -f "$1" && sleep ${forMs / 1000}; fsfreeze -u "$1"`
  const child = spawn('sh', ['-c', script, 'sh', directory], { stdio: 'inherit', detached: true })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`Cannot freeze ${directory}: ${code}`))))
  })
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`Cannot run ${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
