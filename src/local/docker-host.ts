/** What `readHost` understands, in words for a person. */
export const DOCKER_HOSTS =
  'unix:///path of a socket, or tcp://host, http://host or https://host with an optional :port; ssh:// and npipe:// are not supported'

export type DockerHost =
  | { readonly kind: 'socket'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number | null }

/** Reads an address as it stands in `DOCKER_HOST`; null when it is none that can be used. */
export function readHost(text: string): DockerHost | null {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(text)?.[1]
  if (socketPath !== undefined) return { kind: 'socket', socketPath }
  if (!/^(tcp|https?):\/\//.test(text) || !URL.canParse(text)) return null
  // As tcp: of http and https the URL would drop their usual port, which is not Docker's.
  const { hostname, port, pathname, search, hash } = new URL(text.replace(/^https?:/, 'tcp:'))
  const hasMore = !['', '/'].includes(pathname) || search !== '' || hash !== ''
  if (hostname === '' || hasMore) return null
  // Node takes an IPv6 address without the brackets that a URL needs.
  return { kind: 'tcp', host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? null : Number(port) }
}
