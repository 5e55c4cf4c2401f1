/**
 * What requests of one sender have in common: an IPv4 address, or the first half of an IPv6 one, since whoever has one has all
 * of its 2^64 neighbours. Where zeros are left out early, a wider net is meant; that only makes senders share.
 */
export function addressKey(ip: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(ip)?.[1]
  if (mapped !== undefined || !ip.includes(':')) return mapped ?? ip
  const [head = ''] = ip.split('::')
  const groups = head.split(':').filter((group) => group !== '')
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':')
}
