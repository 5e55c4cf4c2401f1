import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TOKEN_PATTERN } from './token.ts'

/**
 * Where the running controller's API is, and its local token: `{dataDir}/api.json`, mode 0600. Each start makes both anew, so that
 * a token that got out opens nothing after a restart; what should last is `galaxy token create`.
 */
export interface ApiAddress {
  readonly url: string
  readonly token: string
}

export function addressFile(dataDir: string): string {
  return path.join(dataDir, 'api.json')
}

/** Written beside and renamed: a reader sees the old file or the new one, and never with another mode than 0600. */
export async function writeAddress(dataDir: string, address: ApiAddress): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const temporary = `${addressFile(dataDir)}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(address)}\n`, { mode: 0o600 })
  await chmod(temporary, 0o600)
  await rename(temporary, addressFile(dataDir))
}

/** Null when there is none, or none that can be understood. */
export async function readAddress(dataDir: string): Promise<ApiAddress | null> {
  const text = await readFile(addressFile(dataDir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return parseAddress(text)
}

function parseAddress(text: string): ApiAddress | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('url' in value) || !('token' in value)) return null
    const { url, token } = value
    return typeof url === 'string' && typeof token === 'string' && TOKEN_PATTERN.test(token) ? { url, token } : null
  } catch {
    return null
  }
}
