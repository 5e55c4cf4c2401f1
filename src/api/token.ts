import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const PREFIX = 'glx_'
const TOKEN_BYTES = 32
/** What `createToken` makes: the prefix and 32 bytes as base64url. */
export const TOKEN_PATTERN = /^glx_[A-Za-z0-9_-]{43}$/

/** 256 random bits with a prefix by which a leaked token is recognised (spec 5, "Auth"). */
export function createToken(): string {
  return `${PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`
}

/** SHA-256; enough for a token, which unlike a password can't be guessed from a list. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Takes the same time wherever two hashes differ. */
export function isSameHash(a: Buffer, b: Buffer): boolean {
  return timingSafeEqual(a, b)
}

/** The token of an `Authorization` header; null where none of our form is in it. */
export function bearerToken(header: string): string | null {
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1] ?? ''
  return TOKEN_PATTERN.test(token) ? token : null
}
