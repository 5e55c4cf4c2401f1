import { z } from 'zod'
import { GAME_ID_PATTERN, STOP_REASONS } from '../../model/game.ts'

/**
 * The one shape of manifests (spec 2, "Manifests"): checked here, and published as JSON Schema for editors. It holds types
 * and field names; what values mean (cron, image, version …) is judged by admission, the same for all doors.
 */

export const API_VERSION = 'galaxy.dev/v1alpha1' as const
export const KINDS = ['Game', 'EngineVersion'] as const
export type ManifestKind = (typeof KINDS)[number]

const gameId = text('Lower-case letters, digits and inner hyphens, at most 51.', GAME_ID_PATTERN.source)
const version = text('Semantic version in three parts, such as 1.0.0.', '^\\d+\\.\\d+\\.\\d+')
const image = text('Docker image reference, such as registry.example.com/team/engine:1.0.0.')
const engine = text('Name of the engine; galaxy when left out.', GAME_ID_PATTERN.source).optional()
const port = z.int().min(1).max(65_535)

const player = z.strictObject({
  userId: text('The user’s UUID.', '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'),
  raceName: text('Name of the race; no two players of a game share one.'),
})

const resources = z.strictObject({
  cpus: z.number().optional().describe('Cores, from 0.01: 0.5 is half a core.'),
  memory: text('Memory such as 256Mi or 512m, at least 6Mi; swap is not used.').optional(),
  pids: z.int().optional().describe('Processes and threads.'),
})

const gameSpec = z.strictObject({
  engine,
  engineVersion: version.optional().describe('Version of the engine, from the registry. This or image is required.'),
  image: image.optional().describe('Exact image; wins over the registry’s. This or engineVersion is required.'),
  state: z.enum(['Running', 'Stopped']).optional().describe('Running when left out.'),
  stopReason: z.enum(STOP_REASONS).optional().describe('Why the game is Stopped; required then, and only then.'),
  paused: z.boolean().optional().describe('No turns are computed while true; the container stays up.'),
  turnSchedule: text('When turns are computed: cron, 5 or 6 fields.').optional(),
  timeZone: text('IANA time zone of the schedule; UTC when left out.').optional(),
  players: z.array(player).optional().describe('Who plays which race; once the game began, only the user of a race may change.'),
  resources: resources.optional().describe('Limits; what is left out falls to the image’s labels, then to the defaults.'),
  allowIncompatibleTo: version.optional().describe('The one version that may cross major.minor.'),
  restartToken: text('A new value asks once for a restart.').optional(),
  turnToken: text('A new value asks once for one extra turn now.').optional(),
})

const probedPort = port.describe('Port of the container.')
const httpProbe = z.strictObject({ path: text('Path, such as /healthz.'), port: probedPort })
const tcpProbe = z.strictObject({ port: probedPort })

const probe = z
  .strictObject({
    http: httpProbe.optional().describe('Serves while this answers 2xx.'),
    tcp: tcpProbe.optional().describe('Serves while this port accepts connections.'),
    docker: z.literal(true).optional().describe('Serves while the image’s own HEALTHCHECK says so.'),
    none: z.literal(true).optional().describe('Serves while its container runs.'),
  })
  .describe('Exactly one of http, tcp, docker and none. Left out: http /healthz for protocol galaxy, none for protocol none.')

const publishedPort = z.strictObject({
  containerPort: port.describe('Where the server listens.'),
  hostPort: port.describe('Port of the host; one container at a time can have it.'),
  protocol: z.enum(['tcp', 'udp']).optional().describe('tcp when left out.'),
  hostIp: text('Address of the host; 127.0.0.1 when left out.').optional(),
})

const relax = z
  .strictObject({
    capAdd: z.array(z.string()).optional().describe('Capabilities that are not dropped.'),
    writableRoot: z.boolean().optional().describe('The root file system is not read-only.'),
    newPrivileges: z.boolean().optional().describe('A process may gain privileges, as setuid programs do.'),
    noInit: z.boolean().optional().describe('No init process of Docker’s in front of the server.'),
    user: z.string().optional().describe('User, or user:group, instead of the image’s.'),
    tmpfs: z.array(z.string()).optional().describe('Further paths in memory, beside /tmp.'),
  })
  .describe('Hardening defaults that this version lifts, one by one.')

const versionSpec = z.strictObject({
  engine,
  version: version.describe('Semantic version in three parts, such as 1.0.0.'),
  image: image.optional().describe('Image of this version; left out, the configured image template applies.'),
  enabled: z.boolean().optional().describe('A disabled version starts no new game and leaves running ones alone. True when left out.'),
  protocol: z.enum(['galaxy', 'none']).optional().describe('galaxy speaks the engine contract; none is any server at all, without turns.'),
  probe: probe.optional(),
  port: port.optional().describe('Port the engine listens on; 8080 when left out.'),
  command: z.array(z.string()).optional().describe('Replaces the image’s command.'),
  env: z.record(z.string(), z.string()).optional().describe('Further environment variables.'),
  publish: z.array(publishedPort).optional().describe('The only way to a port of the host.'),
  relax: relax.optional(),
})

const labels = z.record(z.string(), z.string()).optional().describe('Your own labels, to select by.')

export const gameSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of this format.'),
    kind: z.literal('Game').describe('What the document is.'),
    metadata: z.strictObject({ name: gameId.describe('The game’s id.'), labels }),
    spec: gameSpec,
  })
  .describe('One game that should exist.')

export const versionSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of this format.'),
    kind: z.literal('EngineVersion').describe('What the document is.'),
    metadata: z.strictObject({ name: text('Any name; engine and version in spec say what it is.'), labels }),
    spec: versionSpec,
  })
  .describe('One version of an engine, and how it is run.')

export const manifestSchema = z.discriminatedUnion('kind', [gameSchema, versionSchema])

export const SCHEMAS = { Game: gameSchema, EngineVersion: versionSchema } as const

export type GameSpec = z.output<typeof gameSpec>
export type VersionSpec = z.output<typeof versionSpec>

/** Text whose pattern is for editors: here a bad value is refused by admission, with a better message than a pattern's. */
function text(description: string, pattern?: string) {
  return z.string().meta(pattern === undefined ? { description } : { description, pattern })
}
