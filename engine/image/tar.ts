/** One entry of a tar archive whose content is not yet read. */
export interface TarEntry {
  /** Relative, without a leading slash; folders end with one. */
  readonly path: string
  readonly mode: number
  readonly sizeBytes: number
  readonly content: () => AsyncIterable<Uint8Array>
}

const BLOCK = 512

/** Size of the archive that {@link tarStream} will yield, in bytes. */
export function tarSizeBytes(entries: readonly TarEntry[]): number {
  return entries.reduce((sum, entry) => sum + BLOCK + padded(entry.sizeBytes), 2 * BLOCK)
}

/**
 * Yields a POSIX ustar archive, owner root, all times 0, so that equal content gives equal bytes. Written here, and not by a library,
 * because an image is an archive of archives that is hashed while it streams, and nothing else of tar is needed.
 */
export async function* tarStream(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield header(entry)
    let sent = 0
    for await (const chunk of entry.content()) {
      sent += chunk.length
      yield chunk
    }
    if (sent !== entry.sizeBytes) throw new Error(`${entry.path} changed while it was being packed`)
    yield Buffer.alloc(padded(sent) - sent)
  }
  yield Buffer.alloc(2 * BLOCK)
}

export function folderEntry(path: string, mode: number): TarEntry {
  return {
    path: `${path}/`,
    mode,
    sizeBytes: 0,
    content: async function* () {},
  }
}

export function bytesEntry(path: string, bytes: Uint8Array): TarEntry {
  return {
    path,
    mode: 0o644,
    sizeBytes: bytes.length,
    content: async function* () {
      yield bytes
    },
  }
}

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, "ustar Interchange Format" */
function header({ path, mode, sizeBytes }: TarEntry): Uint8Array {
  if (Buffer.byteLength(path) > 100) throw new Error(`path too long for an image layer: ${path}`)
  const block = Buffer.alloc(BLOCK)
  block.write(path, 0)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(sizeBytes, 12), 124)
  block.write(octal(0, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write(path.endsWith('/') ? '5' : '0', 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(octal(sum, 7), 148)
  return block
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK) * BLOCK
}
