import { describe, expect, it } from 'vitest'
import { renderProblem } from '../../../src/desired/manifest/document.ts'
import { parseManifest } from '../../../src/desired/manifest/parse.ts'

const POLICY = { imageTemplate: 'galaxy-engine:{version}', allowedRegistries: null }
const parse = (text: string) => parseManifest(text, 'a.yaml', POLICY)
const problemsOf = (text: string) => parse(text).problems.map(renderProblem)

/** A game document whose spec is given line by line, from line 5 and column 3 on. */
const game = (...spec: string[]) =>
  ['apiVersion: galaxy.dev/v1alpha1', 'kind: Game', 'metadata: {name: andromeda}', 'spec:', ...spec.map((line) => `  ${line}`), ''].join(
    '\n',
  )
const version = (...spec: string[]) => game(...spec).replace('kind: Game', 'kind: EngineVersion')

const FULL = `# a comment
apiVersion: galaxy.dev/v1alpha1
kind: Game
metadata:
  name: andromeda
  labels: {tier: free}
spec:
  engineVersion: 1.0.0
  state: Running
  turnSchedule: "0 18 * * *"
  timeZone: Europe/Berlin
  players:
    - {userId: 7b0c3f50-2f7e-4a63-9a1e-0c6f5f9a1b01, raceName: Terran}
  resources: {cpus: 0.5, memory: 256Mi, pids: 128}
---
# nothing here
---
apiVersion: galaxy.dev/v1alpha1
kind: EngineVersion
metadata: {name: web-1}
spec: {engine: web, version: 1.0.0, image: "web:1", protocol: none, probe: {tcp: {port: 80}}, port: 80}
`

describe('a manifest', () => {
  it('gives its documents with the line each begins on', () => {
    expect(parse(FULL)).toEqual({
      problems: [],
      documents: [
        {
          kind: 'Game',
          name: 'andromeda',
          labels: { tier: 'free' },
          path: 'a.yaml',
          line: 2,
          spec: {
            engineVersion: '1.0.0',
            state: 'Running',
            turnSchedule: '0 18 * * *',
            timeZone: 'Europe/Berlin',
            players: [{ userId: '7b0c3f50-2f7e-4a63-9a1e-0c6f5f9a1b01', raceName: 'Terran' }],
            resources: { cpus: 0.5, memory: '256Mi', pids: 128 },
          },
        },
        {
          kind: 'EngineVersion',
          name: 'web-1',
          labels: {},
          path: 'a.yaml',
          line: 18,
          spec: { engine: 'web', version: '1.0.0', image: 'web:1', protocol: 'none', probe: { tcp: { port: 80 } }, port: 80 },
        },
      ],
    })
  })

  it.each([
    ['', 'nothing'],
    ['# only words\n', 'a comment'],
    ['---\n---\n', 'separators'],
    ['\uFEFF', 'a byte order mark'],
  ])('without documents is no error: %j, %s', (text) => {
    expect(parse(text)).toEqual({ documents: [], problems: [] })
  })

  it('may be JSON, use anchors, and end its lines as Windows does', () => {
    const json = JSON.stringify({
      apiVersion: 'galaxy.dev/v1alpha1',
      kind: 'Game',
      metadata: { name: 'j' },
      spec: { engineVersion: '1.0.0' },
    })
    expect(parse(json)).toMatchObject({ documents: [{ name: 'j', line: 1 }], problems: [] })
    expect(problemsOf(game('engineVersion: &v 1.0.0', 'allowIncompatibleTo: *v'))).toEqual([])
    expect(problemsOf(FULL.replaceAll('\n', '\r\n'))).toEqual([])
  })

  it.each<[string, string, readonly string[]]>([
    [
      'a field that is nearly another',
      game('engineVersion: 1.0.0', 'turnShedule: x'),
      ['6:3: spec.turnShedule is not a field of kind Game; did you mean turnSchedule?'],
    ],
    [
      'a field in snake case',
      game('engine_version: 1.0.0'),
      [
        '5:3: spec.engine_version is not a field of kind Game; did you mean engineVersion?',
        '4:1: spec.engineVersion is missing; expected a version such as 1.0.0, or an image',
      ],
    ],
    [
      'a field in the wrong place',
      game('engineVersion: 1.0.0', 'memory: 1Gi'),
      ['6:3: spec.memory is not a field of kind Game; did you mean spec.resources.memory?'],
    ],
    [
      'a field like no other',
      game('engineVersion: 1.0.0', 'resources: {zzz: 1}'),
      ['6:15: spec.resources.zzz is not a field of kind Game; expected one of cpus, memory, pids'],
    ],
    [
      'a version that YAML reads as a number',
      game('engineVersion: 1.0'),
      ['5:18: spec.engineVersion is 1.0; expected a version of three parts in quotes, such as "1.0.0": YAML reads this one as a number'],
    ],
    [
      'a number as text',
      game('engineVersion: 1.0.0', 'restartToken: 007'),
      ['6:17: spec.restartToken is 007; expected text: put it in quotes, "007"'],
    ],
    ['a word as a boolean', game('engineVersion: 1.0.0', 'paused: yes'), ['6:11: spec.paused is "yes"; expected true or false']],
    ['a wrong choice', game('engineVersion: 1.0.0', 'state: running'), ['6:10: spec.state is "running"; expected Running or Stopped']],
    ['an empty field', game('engineVersion: 1.0.0', 'players:'), ['6:11: spec.players is empty; expected a list']],
    ['a list for a mapping', game('engineVersion: 1.0.0', 'resources: [1]'), ['6:14: spec.resources is a list; expected a mapping']],
    [
      'a duplicate key',
      game('engineVersion: 1.0.0', 'paused: true', 'paused: false'),
      ['7:3: spec.paused: found paused twice; expected each field once'],
    ],
    [
      'a duplicate key beside other slips',
      game('engineVersion: 1.0.0', 'paused: 1', 'paused: false', 'turnShedule: x', 'timeZone: Mars'),
      [
        '7:3: spec.paused: found paused twice; expected each field once',
        '6:11: spec.paused is 1; expected true or false',
        '8:3: spec.turnShedule is not a field of kind Game; did you mean turnSchedule?',
        '9:13: spec.timeZone is "Mars"; expected an IANA time zone such as UTC or Europe/Berlin',
      ],
    ],
    [
      'an alias of nothing beside another slip',
      game('engineVersion: *v', 'paused: 1'),
      ['5:18: spec.engineVersion: found *v; expected an alias of an anchor before it', '6:11: spec.paused is 1; expected true or false'],
    ],
    [
      'a stop without its reason',
      game('engineVersion: 1.0.0', 'state: Stopped'),
      ['4:1: spec.stopReason is missing; expected one of orphan_cleanup, cancelled, finished, admin_request, timeout for a stopped game'],
    ],
    [
      'a reason without its stop',
      game('engineVersion: 1.0.0', 'stopReason: timeout'),
      ['6:15: spec.stopReason is timeout; expected state: Stopped beside it, or no stopReason'],
    ],
    [
      'neither version nor image',
      game('paused: true'),
      ['4:1: spec.engineVersion is missing; expected a version such as 1.0.0, or an image'],
    ],
    [
      'a limit too low',
      game('engineVersion: 1.0.0', 'resources:', '  memory: 1Mi'),
      ['7:13: spec.resources.memory is "1Mi"; expected a size of at least 6Mi, such as 256Mi or 512m'],
    ],
    [
      'a player without a race',
      game('engineVersion: 1.0.0', 'players:', '  - userId: 7b0c3f50-2f7e-4a63-9a1e-0c6f5f9a1b01'),
      ['7:7: spec.players.0.raceName is missing; expected text'],
    ],
    [
      'a bad cron and a bad zone',
      game('engineVersion: 1.0.0', 'turnSchedule: daily', 'timeZone: Mars'),
      [
        '7:13: spec.timeZone is "Mars"; expected an IANA time zone such as UTC or Europe/Berlin',
        '6:17: spec.turnSchedule is "daily"; expected a cron expression of 5 or 6 fields such as "0 18 * * *"',
      ],
    ],
    [
      'a wrong type beside a wrong value',
      game('engineVersion: 1.0.0', 'paused: 1', 'timeZone: Mars'),
      [
        '6:11: spec.paused is 1; expected true or false',
        '7:13: spec.timeZone is "Mars"; expected an IANA time zone such as UTC or Europe/Berlin',
      ],
    ],
    [
      'a bad name',
      game('engineVersion: 1.0.0').replace('andromeda', 'Andromeda'),
      ['3:18: metadata.name is "Andromeda"; expected at most 51 lower-case letters, digits and inner hyphens'],
    ],
    ['an unknown kind', 'apiVersion: galaxy.dev/v1alpha1\nkind: game\n', ['2:7: kind is "game"; expected Game or EngineVersion']],
    ['no kind', 'apiVersion: galaxy.dev/v1alpha1\n', ['1:1: kind is missing; expected Game or EngineVersion']],
    [
      'another API version',
      game('engineVersion: 1.0.0').replace('v1alpha1', 'v1'),
      ['1:13: apiVersion is "galaxy.dev/v1"; expected galaxy.dev/v1alpha1'],
    ],
    ['plain text', 'hello\n', ['1:1: the document is no mapping; expected apiVersion: galaxy.dev/v1alpha1, kind, metadata and spec']],
    [
      'a key that is a prototype',
      game('engineVersion: 1.0.0', '__proto__: {paused: true}'),
      ['6:3: spec: found a field __proto__; expected another name'],
    ],
    [
      'a label that is a prototype',
      game('engineVersion: 1.0.0').replace('{name: andromeda}', '{name: andromeda, labels: {__proto__: x}}'),
      ['3:38: metadata.labels: found a field __proto__; expected another name'],
    ],
    [
      'a key that is a list',
      game('engineVersion: 1.0.0', '? [a]', ': b'),
      ['6:5: spec: found a key that is no text; expected the name of a field'],
    ],
    ['an alias of nothing', game('engineVersion: *v'), ['5:18: spec.engineVersion: found *v; expected an alias of an anchor before it']],
    ['a tag', game('engineVersion: !secret 1.0.0'), ['5:18: not valid YAML: Unresolved tag: !secret']],
    [
      'broken indentation',
      game('engineVersion: 1.0.0', '   paused: true'),
      [
        '5:18: not valid YAML: Nested mappings are not allowed in compact mappings',
        '5:18: not valid YAML: Implicit keys need to be on a single line',
      ],
    ],
    [
      'the same game twice',
      `${game('engineVersion: 1.0.0')}---\n${game('engineVersion: 1.0.0')}`,
      ['7:1: this is Game andromeda, which a.yaml:1 has already; expected each game and engine version once'],
    ],
    [
      'a version with two probes',
      version('version: 1.0.0', 'probe: {docker: true, none: true}'),
      ['6:10: spec.probe is 2 probes; expected exactly one of http, tcp, docker and none'],
    ],
    ['a port out of range', version('version: 1.0.0', 'port: 70000'), ['6:9: spec.port is 70000; expected at most 65535']],
    [
      'an image in capitals',
      version('version: 1.0.0', 'image: Engine'),
      ['6:10: spec.image is "Engine"; expected a repository name in lower case'],
    ],
    [
      'a host port without an address',
      version('version: 1.0.0', 'publish: [{containerPort: 1, hostPort: 2, hostIp: here}]'),
      ['6:53: spec.publish.0.hostIp is "here"; expected an IP address such as 127.0.0.1'],
    ],
  ])('with %s is refused with its place, what was found and what is expected', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected.map((problem) => `a.yaml:${problem}`))
  })

  it('row 45: that is too large is refused at its beginning', () => {
    expect(problemsOf('x'.repeat(1024 ** 2 + 1))).toEqual(['a.yaml:1:1: the file is of 1048577 bytes; expected at most 1048576; split it'])
  })

  it('with problems in several documents tells them all, and gives the sound ones', () => {
    const parsed = parse(`${game('engineVersion: 1')}---\n${FULL}---\n${game('engineVersion: 1.0.0', 'x: 1')}`)
    expect(parsed.problems.map(({ line }) => line)).toEqual([5, 34])
    expect(parsed.documents.map(({ name }) => name)).toEqual(['andromeda', 'web-1'])
  })
})
