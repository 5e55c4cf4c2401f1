import { createHmac } from 'node:crypto'

/**
 * Value of the header `Galaxy-Signature`: `t=<unix seconds>,v1=<hex>`, where the hex is the HMAC-SHA256 of `{t}.{body}`. With
 * several secrets there is one `v1` each, so that a receiver may change its own at any time meanwhile.
 */
export function signatureOf(body: string, secrets: readonly string[], unixSeconds: number): string {
  const signatures = secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex')}`)
  return [`t=${unixSeconds}`, ...signatures].join(',')
}
