// What every Disk does, real or simulated. `open` gives an empty directory on it, by its path.
import { afterEach, describe, expect, test } from '@jest/globals'
import type { Disk, DiskFile } from '../../broker/disk/disk.ts'

export interface OpenedDisk {
  readonly disk: Disk
  readonly directory: string
}

const text = (buffer: Buffer): string => buffer.toString()

export function diskContract(name: string, open: () => Promise<OpenedDisk>): void {
  const files: DiskFile[] = []
  afterEach(async () => {
    for (const file of files.splice(0)) await file.close()
  })

  /** A file with a content, open for writing. */
  async function created(content = ''): Promise<OpenedDisk & { path: string; file: DiskFile }> {
    const opened = await open()
    const path = `${opened.directory}/file`
    const file = await opened.disk.open(path, 'create')
    files.push(file)
    if (content !== '') await file.write([Buffer.from(content)], 0)
    return { ...opened, path, file }
  }

  const contentOf = async (disk: Disk, path: string): Promise<string> => {
    const file = await disk.open(path, 'read')
    files.push(file)
    return text(await file.read(0, 10_000))
  }

  describe(`${name} as a disk`, () => {
    test('creates a file once, and opens those that are there', async () => {
      const { disk, path, directory, file } = await created('content')
      await expect(disk.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
      for (const mode of ['existing', 'read'] as const)
        await expect(disk.open(`${directory}/other`, mode)).rejects.toMatchObject({ code: 'ENOENT' })
      await file.sync()
      expect(await contentOf(disk, path)).toBe('content')
      const again = await disk.open(path, 'existing')
      files.push(again)
      await again.write([Buffer.from('C')], 0)
      expect(await contentOf(disk, path)).toBe('Content')
    })

    test('removes files, and directories that are empty', async () => {
      const { disk, path, directory } = await created('content')
      const inner = `${directory}/inner`
      await disk.makeDirectory(inner)
      await disk.makeDirectory(`${inner}/most`)
      await expect(disk.remove(inner)).rejects.toThrow()
      await expect(disk.removeDirectory(inner)).rejects.toMatchObject({ code: 'ENOTEMPTY' })
      await expect(disk.removeDirectory(`${directory}/other`)).rejects.toMatchObject({ code: 'ENOENT' })
      await disk.removeDirectory(`${inner}/most`)
      await disk.removeDirectory(inner)
      await disk.remove(path)
      expect(await disk.list(directory)).toEqual([])
    })

    test('does not write to what was opened for reading', async () => {
      const { disk, path } = await created('content')
      const file = await disk.open(path, 'read')
      files.push(file)
      await expect(file.write([Buffer.from('x')], 0)).rejects.toMatchObject({ code: 'EBADF' })
      await expect(file.writeDurably([Buffer.from('x')], 0)).rejects.toMatchObject({ code: 'EBADF' })
      expect(await contentOf(disk, path)).toBe('content')
    })

    describe.each(['write', 'writeDurably'] as const)('%s', (write) => {
      test('writes several buffers as one, at a position, beyond the end as well', async () => {
        const { disk, path, file } = await created('0123456789')
        await file[write]([Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c'), Buffer.from('de')], 3)
        expect(await contentOf(disk, path)).toBe('012abcde89')
        await file[write]([Buffer.from('z')], 12)
        expect(await contentOf(disk, path)).toBe('012abcde89\0\0z')
        expect(await file.size()).toBe(13)
      })

      test('writes more buffers than one call of the operating system takes', async () => {
        const { file } = await created()
        const buffers = Array.from({ length: 3000 }, (_, index) => Buffer.from([index & 255]))
        await file[write](buffers, 0)
        expect(await file.read(0, 4000)).toEqual(Buffer.concat(buffers))
      })

      test('goes to the file that was opened, whatever has its name by now', async () => {
        const { disk, path, directory, file } = await created('content')
        await disk.rename(path, `${directory}/renamed`)
        const other = await disk.open(path, 'create')
        files.push(other)
        await file[write]([Buffer.from('C')], 0)
        expect(await contentOf(disk, `${directory}/renamed`)).toBe('Content')
        expect(await contentOf(disk, path)).toBe('')
      })
    })

    test('writes in both ways to one file, one after the other or at once', async () => {
      const { disk, path, file } = await created('0123456789')
      await file.writeDurably([Buffer.from('ab')], 8)
      await file.write([Buffer.from('c')], 9)
      await Promise.all([file.writeDurably([Buffer.from('d')], 0), file.writeDurably([Buffer.from('e')], 10)])
      await file.sync()
      expect(await contentOf(disk, path)).toBe('d1234567ace')
    })

    test('reads what is there, and less at the end', async () => {
      const { file } = await created('0123456789')
      expect(text(await file.read(2, 3))).toBe('234')
      expect(text(await file.read(8, 10))).toBe('89')
      expect(text(await file.read(10, 10))).toBe('')
      expect(text(await file.read(1000, 10))).toBe('')
    })

    test('reads into memory that has room for what is asked for, and into its own otherwise', async () => {
      const { file } = await created('0123456789')
      const room = Buffer.alloc(20)
      const found = await file.read(0, 12, room)
      expect(text(found)).toBe('0123456789')
      expect(text(room.subarray(0, 10))).toBe('0123456789')
      const small = Buffer.alloc(5)
      expect(text(await file.read(0, 6, small))).toBe('012345')
      expect(small).toEqual(Buffer.alloc(5))
    })

    test('what was read stays what it was', async () => {
      const { file } = await created('before')
      const found = await file.read(0, 6)
      await file.write([Buffer.from('after!')], 0)
      expect(text(found)).toBe('before')
    })

    test('answers several requests at once', async () => {
      const { file } = await created()
      await Promise.all(['aa', 'bb', 'cc'].map((part, index) => file.write([Buffer.from(part)], 2 * index)))
      const parts = await Promise.all([4, 0, 2].map((position) => file.read(position, 2)))
      expect(parts.map(text)).toEqual(['cc', 'aa', 'bb'])
    })

    test('cuts a file, and says how long it is', async () => {
      const { disk, path, file } = await created('0123456789')
      await file.truncate(4)
      expect(await file.size()).toBe(4)
      expect(await contentOf(disk, path)).toBe('0123')
    })

    test('makes a file longer with zeros, beside what is written and synced meanwhile', async () => {
      const { disk, path, file } = await created('0123456789')
      const longer = file.preallocate(10, 1_000_000)
      await file.write([Buffer.from('ab')], 3)
      await file.sync()
      await file.writeDurably([Buffer.from('c')], 5)
      await longer
      expect(await file.size()).toBe(1_000_000)
      const found = await file.read(0, 1_000_001)
      expect(found.equals(Buffer.concat([Buffer.from('012abc6789'), Buffer.alloc(999_990)]))).toBe(true)
      await file.write([Buffer.from('z')], 999_999)
      await file.truncate(11)
      expect(await contentOf(disk, path)).toBe('012abc6789\0')
    })

    test('does not make a file longer that is somewhere else by now', async () => {
      const { disk, path, file, directory } = await created('0123456789')
      await disk.rename(path, `${directory}/renamed`)
      await expect(file.preallocate(10, 20)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('lists names, whatever they stand for; and what is no directory is none', async () => {
      const { disk, directory, path } = await created()
      await disk.makeDirectory(`${directory}/folder/inner`)
      expect([...(await disk.list(directory))].sort()).toEqual(['file', 'folder'])
      expect(await disk.list(`${directory}/folder`)).toEqual(['inner'])
      await expect(disk.list(`${directory}/none`)).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(disk.list(path)).rejects.toMatchObject({ code: 'ENOTDIR' })
      expect(await disk.exists(path)).toBe(true)
      expect(await disk.exists(`${directory}/folder`)).toBe(true)
      expect(await disk.exists(`${directory}/none`)).toBe(false)
    })

    test('makes a directory with those above it, once or more', async () => {
      const { disk, directory } = await open()
      await disk.makeDirectory(`${directory}/a/b/c`)
      await disk.makeDirectory(`${directory}/a/b/c`)
      await disk.syncDirectory(`${directory}/a/b`)
      expect(await disk.list(`${directory}/a/b`)).toEqual(['c'])
      await expect(disk.syncDirectory(`${directory}/none`)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('renames files and directories with all that is in them', async () => {
      const { disk, directory, path } = await created('content')
      await disk.rename(path, `${directory}/renamed`)
      expect(await disk.exists(path)).toBe(false)
      expect(await contentOf(disk, `${directory}/renamed`)).toBe('content')
      await disk.makeDirectory(`${directory}/term-1`)
      const inner = await disk.open(`${directory}/term-1/inner`, 'create')
      files.push(inner)
      await disk.rename(`${directory}/term-1`, `${directory}/term-2`)
      expect(await disk.list(`${directory}/term-2`)).toEqual(['inner'])
      await expect(disk.rename(`${directory}/none`, `${directory}/x`)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('an open file goes on under its new name, and when it has none any more', async () => {
      const { disk, directory, path, file } = await created('content')
      await disk.makeDirectory(`${directory}/folder`)
      await disk.rename(path, `${directory}/renamed`)
      await file.write([Buffer.from('C')], 0)
      expect(await contentOf(disk, `${directory}/renamed`)).toBe('Content')
      await disk.remove(`${directory}/renamed`)
      await file.write([Buffer.from('!')], 7)
      await file.sync()
      expect(text(await file.read(0, 100))).toBe('Content!')
    })

    test('removes a file, which can be made again', async () => {
      const { disk, path } = await created('content')
      await disk.remove(path)
      expect(await disk.exists(path)).toBe(false)
      await expect(disk.remove(path)).rejects.toMatchObject({ code: 'ENOENT' })
      files.push(await disk.open(path, 'create'))
      expect(await contentOf(disk, path)).toBe('')
    })

    test('says how much is free', async () => {
      const { disk, directory } = await open()
      expect(await disk.freeBytes(directory)).toBeGreaterThan(0)
    })
  })
}
