import { z } from 'zod'
import { DOCKER_HOSTS } from '../local/docker-host.ts'
import {
  absolutePath,
  decimal,
  dockerHost,
  durationOrZero,
  flag,
  httpUrl,
  integer,
  memoryBytes,
  networkName,
  octalMode,
  owner,
  ownFolder,
  postgresUrl,
  text,
  textList,
  textMap,
} from './values.ts'
import { apiSettings, clientSettings } from './schema-api.ts'
import { DEFAULT_DATA_DIR } from './whereabouts.ts'
import { group, metaOf, optional, secret, setting, type SettingMeta, timing } from './setting.ts'

/** The one schema of the configuration: what galaxy.yaml may hold, and what each setting's environment variable is. */
export const settingsSchema = z.strictObject({
  instance: setting(
    'GALAXY_INSTANCE',
    text.regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/),
    'default',
    'lower-case letters, digits and hyphens, at most 32',
    'Name of this controller deployment; several may share a Docker host.',
  ),
  dataDir: setting(
    'GALAXY_DATA_DIR',
    text,
    DEFAULT_DATA_DIR,
    'a path',
    'Folder of the embedded database, the token file and the games’ state.',
  ),
  simulate: setting(
    'GALAXY_SIMULATE',
    flag,
    'false',
    'true or false',
    'Run on the Docker simulator, as a first look: nothing real runs. Everything of it lies in `{dataDir}/simulated`; port is the next one.',
  ),
  databaseUrl: secret(
    'GALAXY_DATABASE_URL',
    postgresUrl,
    'postgres://user:password@host:port/database',
    'Postgres (14 or newer) to use instead of the embedded one.',
  ),
  docker: group({
    host: optional('DOCKER_HOST', dockerHost, DOCKER_HOSTS, 'Docker daemon; without it, the default sockets are tried.'),
    network: optional(
      'GALAXY_DOCKER_NETWORK',
      networkName,
      'a Docker network’s name, and none of Docker’s own (bridge, host, none)',
      'Network of the games’ containers; `galaxy`, for other instances than `default` `{instance}.galaxy`.',
    ),
    createNetwork: setting(
      'GALAXY_DOCKER_NETWORK_CREATE',
      flag,
      'false',
      'true or false',
      'Create the network when it is missing; `galaxy up` does.',
    ),
    logDriver: setting('GALAXY_DOCKER_LOG_DRIVER', text, 'json-file', 'a Docker log driver', 'Log driver of the games’ containers.'),
    logOptions: setting(
      'GALAXY_DOCKER_LOG_OPTIONS',
      textMap,
      'max-size=10m,max-file=3',
      'key=value,key2=value2',
      'Options of the log driver.',
    ),
    pullPolicy: setting(
      'GALAXY_PULL_POLICY',
      z.enum(['if_missing', 'always', 'never']),
      'if_missing',
      'if_missing, always or never',
      'When images are pulled.',
    ),
  }),
  state: group({
    root: optional(
      'GALAXY_STATE_ROOT',
      ownFolder,
      'an absolute path, and no folder of the system’s such as / or /var',
      'Folder that holds one state folder per game; `{dataDir}/games`.',
    ),
    rootHost: optional(
      'GALAXY_STATE_ROOT_HOST',
      ownFolder,
      'an absolute path, and no folder of the system’s such as / or /var',
      'The same folder as the Docker daemon’s host names it, when this program runs in a container itself; the state root.',
    ),
    mountPath: setting(
      'GALAXY_STATE_MOUNT',
      absolutePath,
      '/var/lib/galaxy-game',
      'an absolute path',
      'Where an engine finds its state folder.',
    ),
    envName: setting(
      'GALAXY_STATE_ENV',
      text.regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
      'GAME_STATE_PATH',
      'an environment variable’s name',
      'Variable that tells an engine its state folder; `STORAGE_PATH` is set beside it.',
    ),
    mode: optional(
      'GALAXY_STATE_MODE',
      octalMode,
      'an octal mode such as 0770',
      'Mode of a new state folder; 0777, or 0700 when an owner is set.',
    ),
    owner: optional('GALAXY_STATE_OWNER', owner, 'uid:gid in numbers', 'Owner of a new state folder.'),
  }),
  images: group({
    template: setting(
      'GALAXY_IMAGE_TEMPLATE',
      text.refine((value) => value.includes('{version}')),
      'galaxy-engine:{version}',
      'an image reference with {version} in it',
      'Image of an engine version that names none.',
    ),
    allowedRegistries: optional(
      'GALAXY_ALLOWED_REGISTRIES',
      textList,
      'host,host:port,host/team/*,host/team/engine',
      'Registries, and repositories of them, that images may come from; without it, all. Docker Hub is `docker.io`, an official image of it `docker.io/library/name`.',
    ),
  }),
  defaults: group({
    cpus: setting('GALAXY_DEFAULT_CPUS', decimal(0.01, 1024), '1', 'cores from 0.01 to 1024', 'Cores of a game that asks for no number.'),
    memory: setting('GALAXY_DEFAULT_MEMORY', memoryBytes, '256Mi', 'a size such as 256Mi or 1g', 'Memory of a game that asks for none.'),
    pids: setting(
      'GALAXY_DEFAULT_PIDS',
      integer(1, 4_194_304),
      '128',
      'a number from 1',
      'Processes and threads of a game that asks for no number.',
    ),
  }),
  manifests: group({
    dir: setting('GALAXY_MANIFEST_DIR', text, 'manifests', 'a path', 'The watched folder of manifests.'),
    prune: setting(
      'GALAXY_MANIFEST_PRUNE',
      z.enum(['settled', 'never']),
      'settled',
      'settled or never',
      'Whether a document that vanished from the watched folder is deleted.',
    ),
    rescan: timing('GALAXY_MANIFEST_RESCAN', '10s', 'How often the watched folder is read whole.'),
  }),
  api: apiSettings,
  client: clientSettings,
  log: group({
    level: setting(
      'GALAXY_LOG_LEVEL',
      z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
      'info',
      'trace, debug, info, warn, error, fatal or silent',
      'Least serious events that are logged.',
    ),
  }),
  timings: group({
    gracePeriod: timing('GALAXY_GRACE_PERIOD', '10s', 'Between SIGTERM and SIGKILL of an engine.'),
    resync: timing('GALAXY_RESYNC', '1m', 'How often every game is looked at without cause.'),
    eventWatchdog: timing('GALAXY_EVENT_WATCHDOG', '20s', 'How long Docker’s event stream may be silent before it is checked.'),
    desiredPoll: timing('GALAXY_DESIRED_POLL', '5s', 'How often desired rows are polled beside notifications.'),
    lease: timing('GALAXY_LEASE', '5s', 'How long a lease lasts without renewal.'),
    leaseRenew: timing('GALAXY_LEASE_RENEW', '1500ms', 'How often the lease is renewed.'),
    dockerCall: timing('GALAXY_DOCKER_CALL_TIMEOUT', '30s', 'Deadline of a Docker call, beyond what the call itself waits for.'),
    pullStall: timing('GALAXY_PULL_STALL_TIMEOUT', '1m', 'How long a pull may make no progress.'),
    probeInterval: timing('GALAXY_PROBE_INTERVAL', '5s', 'Between two probes of an engine.'),
    probeFailures: setting(
      'GALAXY_PROBE_FAILURES',
      integer(1, 100),
      '3',
      'a number from 1 to 100',
      'Failed probes in a row that make an engine unreachable.',
    ),
    probeRestartAfter: setting(
      'GALAXY_PROBE_RESTART_AFTER',
      integer(0, 10_000),
      '0',
      'a number from 1, or 0 for never',
      'Failed probes in a row after which an engine that served before is restarted.',
    ),
    probeTimeout: timing('GALAXY_PROBE_TIMEOUT', '1s', 'Deadline of one probe.'),
    engineStart: timing('GALAXY_ENGINE_START_TIMEOUT', '30s', 'How long an engine may take until it answers.'),
    engineCall: timing('GALAXY_ENGINE_CALL_TIMEOUT', '10s', 'Deadline of asking an engine for its state, and of its init.'),
    turn: timing('GALAXY_TURN_TIMEOUT', '1m', 'How long an engine may compute a turn.'),
    staleAfter: timing('GALAXY_STALE_AFTER', '30s', 'Age at which a status becomes Unknown.'),
    cleanupTtl: setting(
      'GALAXY_CLEANUP_TTL',
      durationOrZero,
      '1h',
      'a duration such as 10m or 1h, or 0',
      'How long a stopped game’s container is kept; 0 removes it at once.',
    ),
    stopDeadline: timing('GALAXY_STOP_DEADLINE', '30s', 'How long the controller’s own graceful stop may take.'),
  }),
  engines: group({
    addressing: setting(
      'GALAXY_ENGINE_ADDRESSING',
      z.enum(['auto', 'name', 'address']),
      'auto',
      'auto, name or address',
      'How engines are reached: by name where this program runs in a container on their network, else by their address there.',
    ),
    turnCatchUp: setting(
      'GALAXY_TURN_CATCH_UP',
      z.enum(['none', 'one']),
      'none',
      'none or one',
      'Turns that make up for those missed while no controller was active.',
    ),
  }),
  webhook: group({
    url: secret(
      'GALAXY_WEBHOOK_URL',
      httpUrl,
      'http://host/path or https://host/path',
      'Where snapshots, notifications and health events are sent; without it they wait in the outbox.',
    ),
    secrets: secret(
      'GALAXY_WEBHOOK_SECRET',
      textList,
      'a secret, or two while they are changed over: new,old',
      'Signs what is sent to the webhook.',
    ),
    maxAttempts: setting(
      'GALAXY_WEBHOOK_MAX_ATTEMPTS',
      integer(1, 1_000),
      '40',
      'a number from 1 to 1000',
      'Failed attempts after which an event is given up, to be replayed by an operator.',
    ),
    timeout: timing('GALAXY_WEBHOOK_TIMEOUT', '10s', 'Deadline of one attempt.'),
    poll: timing('GALAXY_OUTBOX_POLL', '5s', 'How often the outbox is looked at beside notifications.'),
  }),
  lobbyUrl: optional(
    'GALAXY_LOBBY_URL',
    httpUrl,
    'http://host or https://host',
    'Lobby that is asked for its record of a game that starts, for the log: `GET {url}/games/{id}`.',
  ),
  workers: setting('GALAXY_WORKERS', integer(1, 256), '8', 'a number from 1 to 256', 'Games that are reconciled at once.'),
  pulls: setting('GALAXY_PULLS', integer(1, 64), '2', 'a number from 1 to 64', 'Images that are pulled at once.'),
  retention: group({
    operationsDays: setting('GALAXY_RETENTION_OPERATIONS_DAYS', integer(1, 36_500), '90', 'days', 'How long finished operations are kept.'),
    recordsDays: setting('GALAXY_RETENTION_RECORDS_DAYS', integer(1, 36_500), '90', 'days', 'How long removed records are kept.'),
    turnsDays: setting(
      'GALAXY_RETENTION_TURNS_DAYS',
      integer(1, 36_500),
      '30',
      'days',
      'How long a removed game’s ledger and snapshots are kept.',
    ),
    outboxDays: setting(
      'GALAXY_RETENTION_OUTBOX_DAYS',
      integer(1, 36_500),
      '7',
      'days',
      'How long the outbox keeps its events, sent or not.',
    ),
  }),
})

export type Settings = z.output<typeof settingsSchema>

export interface Setting {
  /** Dotted path in galaxy.yaml. */
  readonly path: string
  readonly meta: SettingMeta
}

/** Every setting, in the schema's order. */
export function listSettings(schema: z.ZodType = settingsSchema, prefix = ''): readonly Setting[] {
  const meta = metaOf(schema)
  if (meta !== undefined) return [{ path: prefix, meta }]
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  if (!(inner instanceof z.ZodObject)) return []
  return Object.entries(inner.shape).flatMap(([key, child]) =>
    listSettings(child as z.ZodType /* a shape's values are schemas */, prefix === '' ? key : `${prefix}.${key}`),
  )
}
