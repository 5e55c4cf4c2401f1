import { describe, expect, it } from 'vitest'
import { parseFieldSelector } from '../../../src/api/field-selector.ts'

describe('a field selector', () => {
  it.each([
    ['status.ready=False', [{ field: 'status.ready', kind: 'equals', value: 'False' }]],
    [
      'spec.engineVersion==1.0.0, status.status!=running',
      [
        { field: 'spec.engineVersion', kind: 'equals', value: '1.0.0' },
        { field: 'status.status', kind: 'differs', value: 'running' },
      ],
    ],
    ['spec.stopReason=', [{ field: 'spec.stopReason', kind: 'equals', value: '' }]],
    [String.raw`spec.image=a\,b\=c\\d`, [{ field: 'spec.image', kind: 'equals', value: String.raw`a,b=c\d` }]],
  ])('%s is understood', (text, requirements) => {
    expect(parseFieldSelector(text)).toEqual({ kind: 'selector', requirements })
  })

  it.each([
    ['status.ready', /^is no field selector such as status.ready=False: "status.ready"/],
    ['=x', /^names no field to select by: ""; known are metadata.name, /],
    ['status.raedy=True', /^names no field to select by: "status.raedy"; known are .*status.ready/],
    ['status.ready=a=b', /^is no field selector/],
    ['metadata.name in (a)', /^is no field selector/],
    [',', /^is no field selector/],
  ])('%s is refused', (text, message) => {
    expect(parseFieldSelector(text)).toEqual({ kind: 'problem', message: expect.stringMatching(message) })
  })
})
