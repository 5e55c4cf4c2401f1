import { describe, expect, it } from 'vitest'
import { parseHost } from '../../../src/local/docker-address.ts'

describe('a Docker address', () => {
  it.each([
    ['unix:///run/user/1000/docker.sock', { kind: 'socket', socketPath: '/run/user/1000/docker.sock' }],
    ['tcp://10.0.0.1', { kind: 'tcp', host: '10.0.0.1', port: 2375 }],
    ['tcp://build.example:1234/', { kind: 'tcp', host: 'build.example', port: 1234 }],
    ['http://build.example:80', { kind: 'tcp', host: 'build.example', port: 80 }],
    ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375 }],
  ])('%s is understood', (text, address) => expect(parseHost(text, undefined)).toMatchObject(address))

  it('has another port where TLS is asked for', () => {
    expect(parseHost('tcp://10.0.0.1', { ca: '', cert: '', key: '' })).toMatchObject({ port: 2376 })
  })

  it('is refused with what it should look like', () => {
    expect(() => parseHost('ssh://user@host', undefined)).toThrow(/"ssh:\/\/user@host" is no Docker address.*\nIt must be unix:\/\/\/path/)
  })
})
