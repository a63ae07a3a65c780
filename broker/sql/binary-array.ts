// Arrays in PostgreSQL's binary form, so that a batch of rows is one parameter for each column: `unnest($1::int8[], $2::bytea[])`. All
// numbers big-endian, as array_send and array_recv of PostgreSQL's arrayfuncs.c have it:
//
//   0  int32   number of dimensions: 1, or 0 of an empty array, which ends behind the type
//   4  int32   1 = it has nulls
//   8  uint32  type of the elements, its number in pg_type
//  12  int32   number of elements
//  16  int32   index of the first one: 1
//  20  …       each element: int32 size in bytes, -1 = null; bytes

const typeNumbers = { bytea: 17, int8: 20, text: 25 } as const

const headerBytes = 20
const emptyHeaderBytes = 12
const sizeBytes = 4
const int8Bytes = 8

export function int8Array(values: readonly (number | null)[]): Buffer {
  const nulls = countNulls(values)
  const array = header(typeNumbers.int8, values.length, nulls > 0, (values.length - nulls) * int8Bytes)
  let at = headerBytes
  for (const value of values) {
    at = array.writeInt32BE(value === null ? -1 : int8Bytes, at)
    if (value === null) continue
    at = array.writeInt32BE(Math.floor(value / 2 ** 32), at)
    // Of a negative one, too: the remainder is what two's complement has there.
    at = array.writeUInt32BE(value - Math.floor(value / 2 ** 32) * 2 ** 32, at)
  }
  return array
}

/** A lone surrogate becomes U+FFFD; what PostgreSQL takes as text has no U+0000. */
export function textArray(values: readonly (string | null)[]): Buffer {
  const sizes = values.map((value) => (value === null ? 0 : Buffer.byteLength(value)))
  const array = header(typeNumbers.text, values.length, countNulls(values) > 0, sum(sizes))
  let at = headerBytes
  for (const [index, value] of values.entries()) {
    at = array.writeInt32BE(value === null ? -1 : sizes[index]!, at)
    if (value !== null) at += array.write(value, at)
  }
  return array
}

export function byteaArray(values: readonly (Buffer | null)[]): Buffer {
  const array = header(
    typeNumbers.bytea,
    values.length,
    countNulls(values) > 0,
    sum(values.map((value) => value?.length ?? 0)),
  )
  let at = headerBytes
  for (const value of values) {
    at = array.writeInt32BE(value === null ? -1 : value.length, at)
    if (value !== null) at += value.copy(array, at)
  }
  return array
}

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0)

function countNulls(values: readonly unknown[]): number {
  let nulls = 0
  for (const value of values) if (value === null) nulls++
  return nulls
}

function header(type: number, count: number, hasNulls: boolean, contentBytes: number): Buffer {
  const isEmpty = count === 0
  const array = Buffer.allocUnsafe(isEmpty ? emptyHeaderBytes : headerBytes + count * sizeBytes + contentBytes)
  array.writeInt32BE(isEmpty ? 0 : 1, 0)
  array.writeInt32BE(hasNulls ? 1 : 0, 4)
  array.writeUInt32BE(type, 8)
  if (isEmpty) return array
  array.writeInt32BE(count, 12)
  array.writeInt32BE(1, 16)
  return array
}
