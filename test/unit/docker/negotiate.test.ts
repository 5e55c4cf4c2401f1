import { describe, expect, it } from 'vitest'
import { negotiate } from '../../../src/docker/client.ts'

const version = (ApiVersion: string, MinAPIVersion?: string) => ({
  Version: '20.10.24',
  ApiVersion,
  ...(MinAPIVersion === undefined ? {} : { MinAPIVersion }),
})

describe('row 26: the API version', () => {
  it("is the daemon's newest, up to ours", () => {
    expect(negotiate(version('1.41', '1.12'))).toEqual({ apiVersion: '1.41', daemonVersion: '20.10.24' })
    expect(negotiate(version('1.52', '1.44')).apiVersion).toBe('1.47')
    expect(negotiate(version('1.43')).apiVersion).toBe('1.43')
  })

  it.each([
    ['too old', version('1.40', '1.12'), /1\.12 to 1\.40.*1\.41 to 1\.47.*update Docker/],
    ['too new', version('1.99', '1.90'), /1\.90 to 1\.99.*1\.41 to 1\.47.*update this program/],
  ])("of a daemon that is %s is an error with both sides' versions", (_, answer, message) => {
    expect(() => negotiate(answer)).toThrow(message)
  })

  it.each([[null], ['hello'], [{ ApiVersion: 'latest' }]])('is not read from %o', (answer) => {
    expect(() => negotiate(answer)).toThrow(/no Docker daemon/)
  })
})
