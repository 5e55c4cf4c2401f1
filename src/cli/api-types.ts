// Generated from the OpenAPI document by `npm run generate`.

/** By method and path below `/api/v1`. */
export interface Operations {
  /** Takes over all containers that another deployment of this instance has left; its controller must not run any more. */
  'POST /admin/deployments/{deployment}/adopt': {
    readonly request: {
      readonly path: { readonly deployment: string }
      readonly query?: { readonly dryRun?: boolean | undefined }
    }
    readonly answer: DeploymentAdoption
  }
  /** Engine versions from the lowest to the highest, page by page, and which games ask for each. */
  'GET /admin/engine-versions': {
    readonly request: {
      readonly query?: {
        readonly limit?: number | undefined
        readonly engine?: string | undefined
        readonly continue?: string | undefined
      }
    }
    readonly answer: EngineVersionList
  }
  /** Registers an engine version that is not there yet. */
  'POST /admin/engine-versions': {
    readonly request: { readonly query?: { readonly dryRun?: boolean | undefined }; readonly body: EngineVersionManifest }
    readonly answer: EngineVersionDryRun | WrittenEngineVersion
  }
  /** An engine version, and which games ask for it. */
  'GET /admin/engine-versions/{version}': {
    readonly request: {
      readonly path: { readonly version: string }
      readonly query?: { readonly engine?: string | undefined }
    }
    readonly answer: EngineVersion
  }
  /** Registers an engine version, or makes it as the manifest in the body says. */
  'PUT /admin/engine-versions/{version}': {
    readonly request: {
      readonly path: { readonly version: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly engine?: string | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: EngineVersionManifest
    }
    readonly answer: WrittenEngineVersion | EngineVersionDryRun
  }
  /** Forgets a version that no game asks for. */
  'DELETE /admin/engine-versions/{version}': {
    readonly request: {
      readonly path: { readonly version: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly engine?: string | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
    }
    readonly answer: DeletedEngineVersion
  }
  /** Lets no further game start on this version; running ones are left alone. */
  'POST /admin/engine-versions/{version}/disable': {
    readonly request: {
      readonly path: { readonly version: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly engine?: string | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
    }
    readonly answer: WrittenEngineVersion | SwitchDryRun
  }
  /** Lets games start on this version again. */
  'POST /admin/engine-versions/{version}/enable': {
    readonly request: {
      readonly path: { readonly version: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly engine?: string | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
    }
    readonly answer: WrittenEngineVersion | SwitchDryRun
  }
  /** Takes over a game’s container that is left alone: a row is made that asks for what it runs. */
  'POST /admin/orphans/{id}/adopt': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly dryRun?: boolean | undefined }
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has the next turn computed now. */
  'POST /admin/runtimes/{id}/force-next-turn': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: Readonly<Record<string, never>> | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game run on another version. */
  'POST /admin/runtimes/{id}/patch': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: { readonly version: string; readonly allowIncompatible?: boolean | undefined }
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has no more turns computed; the container stays up. */
  'POST /admin/runtimes/{id}/pause': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: Readonly<Record<string, never>> | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game’s container made anew. */
  'POST /admin/runtimes/{id}/restart': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: Readonly<Record<string, never>> | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has turns computed again. */
  'POST /admin/runtimes/{id}/resume': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: Readonly<Record<string, never>> | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game run; one that is not there yet is made. */
  'POST /admin/runtimes/{id}/start': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: {
        readonly engine?: string | undefined
        readonly version?: string | undefined
        readonly image_ref?: string | undefined
      } | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game stop, for one of five reasons. */
  'POST /admin/runtimes/{id}/stop': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: { readonly reason: 'orphan_cleanup' | 'cancelled' | 'finished' | 'admin_request' | 'timeout' }
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Tokens that were not revoked, by name. */
  'GET /admin/tokens': { readonly request: Readonly<Record<string, never>>; readonly answer: TokenList }
  /** Makes a token; its secret is in the answer, this once. */
  'POST /admin/tokens': {
    readonly request: {
      readonly query?: { readonly dryRun?: boolean | undefined }
      readonly body: {
        readonly name: string
        readonly role: 'viewer' | 'lobby' | 'operator' | 'admin'
        readonly expiresIn?: string | null | undefined
      }
    }
    readonly answer: TokenDryRun | NewToken
  }
  /** Lets nobody in by this token any more. */
  'DELETE /admin/tokens/{name}': {
    readonly request: {
      readonly path: { readonly name: string }
      readonly query?: { readonly dryRun?: boolean | undefined }
    }
    readonly answer: RevokedToken
  }
  /** This document as a page to browse. */
  'GET /docs': { readonly request: Readonly<Record<string, never>>; readonly answer: string }
  /** Games in the order of their ids, page by page. */
  'GET /games': {
    readonly request: {
      readonly query?: {
        readonly limit?: number | undefined
        readonly continue?: string | undefined
        readonly labelSelector?: string | undefined
        readonly fieldSelector?: string | undefined
      }
    }
    readonly answer: GameList
  }
  /** A game: what was asked for, and what is known of it. */
  'GET /games/{id}': { readonly request: { readonly path: { readonly id: string } }; readonly answer: Game }
  /** Makes a game, or makes it as the manifest in the body says. */
  'PUT /games/{id}': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly force?: boolean | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: GameManifest
    }
    readonly answer: Game | GameDryRun
  }
  /** Has a game stopped, removed and forgotten. */
  'DELETE /games/{id}': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly purgeState?: boolean | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
    }
    readonly answer: GameBeingDeleted | DeletedGame
  }
  /** Changes what the body names of a game’s manifest, and leaves the rest (RFC 7396). */
  'PATCH /games/{id}': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly dryRun?: boolean | undefined; readonly force?: boolean | undefined }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: {
        readonly metadata?: Readonly<Record<string, unknown>> | undefined
        readonly spec?: Readonly<Record<string, unknown>> | undefined
      }
    }
    readonly answer: Game | GameDryRun
  }
  /** What of a game is otherwise than asked for, field by field, and why. */
  'GET /games/{id}/diff': { readonly request: { readonly path: { readonly id: string } }; readonly answer: GameDiff }
  /** What was seen of a game’s container and engine, newest first. */
  'GET /games/{id}/events': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly limit?: number | undefined; readonly continue?: string | undefined }
    }
    readonly answer: HealthEventList
  }
  /** Why a game is as it is: what happened to it and what each was done for; also of one that is gone. */
  'GET /games/{id}/explanation': {
    readonly request: { readonly path: { readonly id: string }; readonly query?: { readonly limit?: number | undefined } }
    readonly answer: Explanation
  }
  /** What a game’s container has written, stdout and stderr together, as it was written. */
  'GET /games/{id}/logs': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly follow?: boolean | undefined
        readonly timestamps?: boolean | undefined
        readonly tail?: string | undefined
        readonly since?: string | undefined
      }
    }
    readonly answer: string
  }
  /** Operations of one game, newest first; they outlive the game. */
  'GET /games/{id}/operations': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly limit?: number | undefined; readonly continue?: string | undefined }
    }
    readonly answer: OperationList
  }
  /** What the controller would do about a game now, and why. */
  'GET /games/{id}/plan': { readonly request: { readonly path: { readonly id: string } }; readonly answer: Plan }
  /** What a game’s engine said after init and after every turn, newest first. */
  'GET /games/{id}/snapshots': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly limit?: number | undefined; readonly continue?: string | undefined }
    }
    readonly answer: SnapshotList
  }
  /** The ledger of turns of one game, newest first. */
  'GET /games/{id}/turns': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly limit?: number | undefined; readonly continue?: string | undefined }
    }
    readonly answer: TurnList
  }
  /** The engines’ images on the host, and what needs each. */
  'GET /images': { readonly request: Readonly<Record<string, never>>; readonly answer: ImageList }
  /** What is known of games, in the order of their ids, page by page. */
  'GET /internal/runtimes': {
    readonly request: {
      readonly query?: {
        readonly limit?: number | undefined
        readonly continue?: string | undefined
        readonly labelSelector?: string | undefined
        readonly fieldSelector?: string | undefined
      }
    }
    readonly answer: RuntimeList
  }
  /** What is known of a game. */
  'GET /internal/runtimes/{id}': { readonly request: { readonly path: { readonly id: string } }; readonly answer: Runtime }
  /** Has the container of a game that stopped or finished removed before its time. */
  'POST /internal/runtimes/{id}/cleanup': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: Readonly<Record<string, never>> | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game run on another version. */
  'POST /internal/runtimes/{id}/patch': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: { readonly version: string; readonly allowIncompatible?: boolean | undefined }
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game’s container made anew. */
  'POST /internal/runtimes/{id}/restart': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: Readonly<Record<string, never>> | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game run; one that is not there yet is made. */
  'POST /internal/runtimes/{id}/start': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body?: {
        readonly engine?: string | undefined
        readonly version?: string | undefined
        readonly image_ref?: string | undefined
      } | null
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Has a game stop, for one of five reasons. */
  'POST /internal/runtimes/{id}/stop': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: {
        readonly dryRun?: boolean | undefined
        readonly force?: boolean | undefined
        readonly wait?: string | undefined
      }
      readonly headers?: { readonly 'If-Match'?: string | undefined }
      readonly body: { readonly reason: 'orphan_cleanup' | 'cancelled' | 'finished' | 'admin_request' | 'timeout' }
    }
    readonly answer: VerbDryRun | OperationDetail
  }
  /** Whether this process answers. */
  'GET /livez': { readonly request: Readonly<Record<string, never>>; readonly answer: Liveness }
  /** The watched folder, its files with their problems, and what waits to be deleted. */
  'GET /manifests': { readonly request: Readonly<Record<string, never>>; readonly answer: ManifestList }
  /** Applies all documents of all files; a refused one stops no other. */
  'POST /manifests/apply': {
    readonly request: {
      readonly body: {
        readonly files: readonly ManifestFile[]
        readonly force?: boolean | undefined
        readonly dryRun?: boolean | undefined
      }
    }
    readonly answer: ApplyResult
  }
  /** What applying would change, and what the controller would do then. */
  'POST /manifests/diff': {
    readonly request: { readonly body: { readonly files: readonly ManifestFile[]; readonly force?: boolean | undefined } }
    readonly answer: DiffResult
  }
  /** Deletes what vanished from the watched folder and waits for a yes. */
  'POST /manifests/prune': {
    readonly request: { readonly query?: { readonly dryRun?: boolean | undefined } }
    readonly answer: PruneResult
  }
  /** This document. */
  'GET /openapi.json': { readonly request: Readonly<Record<string, never>>; readonly answer: unknown }
  /** Operations of all games, newest first. */
  'GET /operations': {
    readonly request: { readonly query?: { readonly limit?: number | undefined; readonly continue?: string | undefined } }
    readonly answer: OperationList
  }
  /** An operation with its steps, at once or when it has ended. */
  'GET /operations/{id}': {
    readonly request: { readonly path: { readonly id: string }; readonly query?: { readonly wait?: string | undefined } }
    readonly answer: OperationDetail
  }
  /** Containers with our labels that are left alone, and how each can be taken over. */
  'GET /orphans': { readonly request: Readonly<Record<string, never>>; readonly answer: OrphanList }
  /** What is told to the outside, newest first. */
  'GET /outbox': {
    readonly request: {
      readonly query?: {
        readonly limit?: number | undefined
        readonly continue?: string | undefined
        readonly game?: string | undefined
        readonly state?: 'waiting' | 'delivered' | 'dead' | undefined
      }
    }
    readonly answer: OutboxEventList
  }
  /** Has all events that were given up sent again. */
  'POST /outbox/replay': {
    readonly request: { readonly query?: { readonly dryRun?: boolean | undefined; readonly game?: string | undefined } }
    readonly answer: ReplayResult
  }
  /** Has one event sent again. */
  'POST /outbox/{id}/replay': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly dryRun?: boolean | undefined }
    }
    readonly answer: ReplayedEvent
  }
  /** Whether requests can be served; leadership is no part of it. */
  'GET /readyz': {
    readonly request: { readonly query?: { readonly verbose?: string | undefined } }
    readonly answer: Readiness
  }
  /** The ledger of turns of all games, newest first. */
  'GET /turns': {
    readonly request: { readonly query?: { readonly limit?: number | undefined; readonly continue?: string | undefined } }
    readonly answer: TurnList
  }
  /** What the containers of games have used so far. */
  'GET /usage': { readonly request: Readonly<Record<string, never>>; readonly answer: UsageList }
  /** Sends a player’s commands to the engine. */
  'POST /user/games/{id}/commands': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly race?: string | undefined }
      readonly headers: { readonly 'Galaxy-User-Id': string }
      readonly body: Readonly<Record<string, unknown>>
    }
    readonly answer: unknown
  }
  /** Sends a player’s orders to the engine. */
  'POST /user/games/{id}/orders': {
    readonly request: {
      readonly path: { readonly id: string }
      readonly query?: { readonly race?: string | undefined }
      readonly headers: { readonly 'Galaxy-User-Id': string }
      readonly body: Readonly<Record<string, unknown>>
    }
    readonly answer: unknown
  }
  /** A player’s report of a turn. */
  'GET /user/games/{id}/reports/{turn}': {
    readonly request: {
      readonly path: { readonly id: string; readonly turn: number }
      readonly query?: { readonly race?: string | undefined }
      readonly headers: { readonly 'Galaxy-User-Id': string }
    }
    readonly answer: unknown
  }
  /** The registry’s rows. */
  'GET /versions': { readonly request: Readonly<Record<string, never>>; readonly answer: EngineVersionRowList }
  /** Games, operations and turns as they change, as server-sent events. */
  'GET /watch': {
    readonly request: {
      readonly query?: {
        readonly since?: string | undefined
        readonly kinds?: string | undefined
        readonly game?: string | undefined
      }
      readonly headers?: { readonly 'Last-Event-Id'?: string | undefined }
    }
    readonly answer: string
  }
}

/** What last passed admission, resolved and pinned. */
export type AcceptedSpec = {
  readonly gameId: string
  readonly engine: string
  readonly requested: {
    readonly engineVersion: string | null
    readonly imageRef: string | null
    readonly cpus: number | null
    readonly memory: string | null
    readonly pids: number | null
  }
  readonly engineVersion: string | null
  readonly imageRef: string
  readonly imageId: string
  readonly protocol: 'galaxy' | 'none'
  readonly probe: { readonly http: { readonly path: string; readonly port: number } } | { readonly tcp: { readonly port: number } } | { readonly docker: true } | { readonly none: true }
  readonly port: number
  readonly command: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
  readonly publish: readonly {
    readonly containerPort: number
    readonly hostPort: number
    readonly protocol: 'tcp' | 'udp'
    readonly hostIp: string
  }[]
  readonly relax: {
    readonly capAdd?: readonly string[]
    readonly writableRoot?: boolean
    readonly newPrivileges?: boolean
    readonly noInit?: boolean
    readonly user?: string
    readonly tmpfs?: readonly string[]
  }
  readonly limits: { readonly cpus: number | null; readonly memoryBytes: number | null; readonly pids: number | null }
  readonly network: string
  readonly state: {
    readonly path: string
    readonly hostPath: string
    readonly mountPath: string
    readonly envName: string
  }
  readonly players: readonly { readonly userId: string; readonly raceName: string }[]
  readonly turnSchedule: string | null
  readonly timeZone: string
  readonly specHash: string
}

/** One step of an operation. */
export type Action = {
  readonly seq: number
  readonly kind: string
  readonly target: string
  readonly reason: string
  readonly outcome: 'succeeded' | 'failed' | 'not_attempted' | null
  readonly error: string | null
  readonly startedAt: string
  readonly durationMs: number | null
}

export type ApplyResult = {
  readonly kind: 'ApplyResult'
  readonly dryRun: boolean
  readonly results: readonly DocumentResult[]
}

/** Somebody wrote the desired row. */
export type ChangeHappening = {
  readonly kind: 'change'
  readonly at: string
  readonly generation: number
  readonly isNew: boolean
  readonly writtenBy: string
  readonly writtenRef: string | null
  readonly fields: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[]
}

/** As in Kubernetes. */
export type Condition = {
  readonly type: 'Ready' | 'Accepted' | 'Initialized' | 'Progressing' | 'Outdated' | 'CrashLoopBackOff' | 'ImagePullBackOff' | 'EngineUnreachable' | 'StartConfigInvalid' | 'PatchFailed' | 'NameConflict' | 'ReconcileBackOff' | 'Blocked' | 'StartBackOff' | 'TurnFailed'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

export type DeletedEngineVersion = {
  readonly kind: 'Deleted' | 'DryRun'
  readonly metadata: { readonly name: string }
  readonly warnings: readonly string[]
}

export type DeletedGame = {
  readonly kind: 'Deleted'
  readonly metadata: { readonly name: string }
  readonly warnings: readonly string[]
}

/** What was taken over, or would be. */
export type DeploymentAdoption = {
  readonly kind: 'DeploymentAdoption'
  readonly deployment: string
  readonly dryRun: boolean
  readonly items: readonly Orphan[]
}

export type DiffResult = {
  readonly kind: 'DiffResult'
  readonly differs: boolean
  readonly results: readonly {
    readonly name: string
    readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
    readonly changes: readonly FieldChange[]
    readonly problem: string | null
    readonly code: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'invalid_request' | 'unauthorized' | 'forbidden' | 'precondition_failed' | 'gone' | 'too_many_requests' | null
    readonly kind: 'Game' | 'EngineVersion'
    readonly path: string
    readonly line: number
    readonly plan: PlanText | null
  }[]
}

/** One thing about a game that is otherwise than it should be. */
export type Difference = {
  readonly side: 'desired' | 'accepted'
  readonly field: string
  readonly wanted: unknown
  readonly found: unknown
  readonly why: string
}

/** What came of one document. */
export type DocumentResult = {
  readonly name: string
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly changes: readonly FieldChange[]
  readonly problem: string | null
  readonly code: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'invalid_request' | 'unauthorized' | 'forbidden' | 'precondition_failed' | 'gone' | 'too_many_requests' | null
  readonly kind: 'Game' | 'EngineVersion'
  readonly path: string
  readonly line: number
}

/** An engine’s image on the host, and what needs it. */
export type EngineImage = {
  readonly id: string
  readonly refs: readonly string[]
  readonly sizeBytes: number
  readonly neededBy: readonly { readonly kind: 'Game' | 'EngineVersion' | 'Container'; readonly name: string }[]
  readonly removeWith: string | null
}

/** A version of an engine, and how it is run. */
export type EngineVersion = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'EngineVersion'
  readonly metadata: {
    readonly name: string
    readonly resourceVersion: string
    readonly createdAt: string
    readonly updatedAt: string
  }
  readonly spec: EngineVersionSpec
  readonly status: {
    readonly image: string | null
    readonly problem: string | null
    readonly desiredBy: readonly string[]
    readonly manifest: string | null
  }
}

export type EngineVersionDryRun = {
  readonly name: string
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly changes: readonly FieldChange[]
  readonly problem: string | null
  readonly code: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'invalid_request' | 'unauthorized' | 'forbidden' | 'precondition_failed' | 'gone' | 'too_many_requests' | null
  readonly kind: 'DryRun'
  readonly warnings: readonly string[]
}

export type EngineVersionList = {
  readonly kind: 'EngineVersionList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly EngineVersion[]
  readonly problems: readonly { readonly key: string; readonly problem: string }[]
}

/** One version of an engine, and how it is run. */
export type EngineVersionManifest = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'EngineVersion'
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly engine?: string
    readonly version: string
    readonly image?: string
    readonly enabled?: boolean
    readonly protocol?: 'galaxy' | 'none'
    readonly probe?: {
      readonly http?: { readonly path: string; readonly port: number }
      readonly tcp?: { readonly port: number }
      readonly docker?: true
      readonly none?: true
    }
    readonly port?: number
    readonly command?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    readonly publish?: readonly {
      readonly containerPort: number
      readonly hostPort: number
      readonly protocol?: 'tcp' | 'udp'
      readonly hostIp?: string
    }[]
    readonly relax?: {
      readonly capAdd?: readonly string[]
      readonly writableRoot?: boolean
      readonly newPrivileges?: boolean
      readonly noInit?: boolean
      readonly user?: string
      readonly tmpfs?: readonly string[]
    }
  }
}

export type EngineVersionRow = {
  readonly engine: string
  readonly version: string
  readonly imageRef: string | null
  readonly enabled: boolean
  readonly protocol: 'galaxy' | 'none'
  readonly probe: Probe | null
  readonly port: number
  readonly command: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
  readonly publish: readonly {
    readonly containerPort: number
    readonly hostPort: number
    readonly protocol: 'tcp' | 'udp'
    readonly hostIp: string
  }[]
  readonly relax: {
    readonly capAdd?: readonly string[]
    readonly writableRoot?: boolean
    readonly newPrivileges?: boolean
    readonly noInit?: boolean
    readonly user?: string
    readonly tmpfs?: readonly string[]
  }
}

export type EngineVersionRowList = {
  readonly kind: 'EngineVersionList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly EngineVersionRow[]
  readonly problems: readonly { readonly key: string; readonly problem: string }[]
}

export type EngineVersionSpec = {
  readonly engine: string
  readonly version: string
  readonly image: string | null
  readonly enabled: boolean
  readonly protocol: 'galaxy' | 'none'
  readonly probe: Probe | null
  readonly port: number
  readonly command: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
  readonly publish: readonly {
    readonly containerPort: number
    readonly hostPort: number
    readonly protocol: 'tcp' | 'udp'
    readonly hostIp: string
  }[]
  readonly relax: {
    readonly capAdd?: readonly string[]
    readonly writableRoot?: boolean
    readonly newPrivileges?: boolean
    readonly noInit?: boolean
    readonly user?: string
    readonly tmpfs?: readonly string[]
  }
}

/** Something was seen of the container or its engine. */
export type EventHappening = {
  readonly kind: 'event'
  readonly at: string
  readonly type: 'container_started' | 'container_exited' | 'container_oom' | 'container_disappeared' | 'inspect_unhealthy' | 'probe_failed' | 'probe_recovered'
  readonly containerId: string | null
  readonly detail: unknown
}

/** The chain of cause: what happened to a game, and why. */
export type Explanation = {
  readonly kind: 'Explanation'
  readonly metadata: { readonly name: string }
  readonly now: {
    readonly generation: number | null
    readonly ready: 'True' | 'False' | 'Unknown'
    readonly conditions: readonly Condition[]
  } | null
  readonly happenings: readonly (ChangeHappening | OperationHappening | EventHappening)[]
}

export type FieldChange = { readonly path: string; readonly before?: unknown; readonly after?: unknown }

/** A game: what was asked for, and what is known of it. */
export type Game = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'Game'
  readonly metadata: GameMetadata
  readonly spec: GameSpec | null
  readonly status: GameStatus
}

export type GameBeingDeleted = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'Game'
  readonly metadata: GameMetadata
  readonly spec: GameSpec | null
  readonly status: GameStatus
  readonly warnings: readonly string[]
}

export type GameDiff = {
  readonly kind: 'GameDiff'
  readonly game: string
  readonly differs: boolean
  readonly differences: readonly Difference[]
  readonly notes: readonly string[]
  readonly reason: string
  readonly plan: PlanText
}

/** What a write would change and bring about. */
export type GameDryRun = {
  readonly name: string
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly changes: readonly FieldChange[]
  readonly problem: string | null
  readonly code: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'invalid_request' | 'unauthorized' | 'forbidden' | 'precondition_failed' | 'gone' | 'too_many_requests' | null
  readonly kind: 'DryRun'
  readonly plan: PlanText | null
}

export type GameList = {
  readonly kind: 'GameList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Game[]
}

/** One game that should exist. */
export type GameManifest = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'Game'
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly engine?: string
    readonly engineVersion?: string
    readonly image?: string
    readonly state?: 'Running' | 'Stopped'
    readonly stopReason?: 'orphan_cleanup' | 'cancelled' | 'finished' | 'admin_request' | 'timeout'
    readonly paused?: boolean
    readonly turnSchedule?: string
    readonly timeZone?: string
    readonly players?: readonly { readonly userId: string; readonly raceName: string }[]
    readonly resources?: { readonly cpus?: number; readonly memory?: string; readonly pids?: number }
    readonly allowIncompatibleTo?: string
    readonly restartToken?: string
    readonly turnToken?: string
  }
}

export type GameMetadata = {
  readonly name: string
  readonly labels: Readonly<Record<string, unknown>>
  readonly generation: number | null
  readonly resourceVersion: string | null
  readonly managedBy: string | null
  readonly writtenBy: string | null
  readonly writtenRef: string | null
  readonly createdAt: string | null
  readonly updatedAt: string | null
  readonly deletedAt: string | null
}

/** What is asked for. */
export type GameSpec = {
  readonly engine: string | null
  readonly engineVersion: string | null
  readonly image: string | null
  readonly state: 'Running' | 'Stopped'
  readonly stopReason: 'orphan_cleanup' | 'cancelled' | 'finished' | 'admin_request' | 'timeout' | null
  readonly paused: boolean | null
  readonly turnSchedule: string | null
  readonly timeZone: string | null
  readonly players: readonly { readonly userId: string; readonly raceName: string }[] | null
  readonly resources: { readonly cpus: number | null; readonly memory: string | null; readonly pids: number | null }
  readonly allowIncompatibleTo: string | null
}

/** What is known of a game. */
export type GameStatus = {
  readonly recordUid: string | null
  readonly status: 'starting' | 'running' | 'generation_in_progress' | 'generation_failed' | 'stopped' | 'engine_unreachable' | 'finished' | 'removed' | null
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly engineHealth: 'ok' | 'unreachable' | 'unhealthy' | 'unknown' | null
  readonly endpoint: string | null
  readonly engineVersion: string | null
  readonly image: string | null
  readonly imageId: string | null
  readonly containerId: string | null
  readonly network: string | null
  readonly statePath: string | null
  readonly resources: { readonly cpus: number | null; readonly memory: string | null; readonly pids: number | null } | null
  readonly startedAt: string | null
  readonly stoppedAt: string | null
  readonly finishedAt: string | null
  readonly currentTurn: number | null
  readonly nextTurnAt: string | null
  readonly paused: boolean
  readonly pausedAt: string | null
  readonly skipNextTick: boolean
  readonly mappedPlayers: number
  readonly observedGeneration: number | null
  readonly acceptedGeneration: number | null
  readonly accepted: AcceptedSpec | null
  readonly conditions: readonly Condition[]
  readonly backoff: {
    readonly kind: 'CrashLoopBackOff' | 'ImagePullBackOff' | 'EngineUnreachable' | 'StartConfigInvalid' | 'PatchFailed' | 'NameConflict' | 'ReconcileBackOff' | 'StartBackOff' | 'TurnFailed'
    readonly failures: number
    readonly notBefore: string | null
    readonly message: string
  } | null
  readonly observedAt: string | null
  readonly observedFrom: 'event' | 'list' | 'inspect' | 'probe' | null
  readonly fresh: boolean
}

/** What a game’s container has used; rates come of two of them. */
export type GameUsage = {
  readonly game: string
  readonly containerId: string
  readonly cpuSeconds: number
  readonly memoryBytes: number
  readonly memoryLimitBytes: number | null
  readonly pids: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly readAt: string
}

/** What was seen of a game’s container and engine. */
export type HealthEvent = {
  readonly id: number
  readonly game: string
  readonly type: 'container_started' | 'container_exited' | 'container_oom' | 'container_disappeared' | 'inspect_unhealthy' | 'probe_failed' | 'probe_recovered'
  readonly containerId: string | null
  readonly detail: Readonly<Record<string, unknown>>
  readonly observedAt: string
}

export type HealthEventList = {
  readonly kind: 'HealthEventList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly HealthEvent[]
}

export type ImageList = {
  readonly kind: 'ImageList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly EngineImage[]
}

export type Liveness = { readonly ok: true }

export type ManifestFile = { readonly path: string; readonly location?: string; readonly text: string }

/** The watched folder, its files with their problems, and what waits to be deleted. */
export type ManifestList = {
  readonly kind: 'ManifestList'
  readonly roots: readonly {
    readonly root: string
    readonly dir: string
    readonly problem: string | null
    readonly changedAt: string
  }[]
  readonly files: readonly WatchedFile[]
  readonly waiting: readonly WaitingDocument[]
}

export type NewToken = {
  readonly name: string
  readonly role: 'viewer' | 'lobby' | 'operator' | 'admin'
  readonly createdAt: string
  readonly createdBy: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly kind: 'Token'
  readonly token: string
}

/** One lifecycle change, from the operation log. */
export type Operation = {
  readonly id: string
  readonly game: string
  readonly op: 'start' | 'stop' | 'pause' | 'resume' | 'restart' | 'patch' | 'force_next_turn' | 'reconcile' | 'turn'
  readonly detail: 'reconcile_adopt' | 'reconcile_dispose' | 'cleanup' | 'delete' | 'crash_restart' | 'resize' | 'duplicate' | null
  readonly source: 'lobby' | 'admin' | 'scheduler' | 'reconciler'
  readonly sourceRef: string | null
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed'
  readonly generation: number | null
  readonly cause: string
  readonly image: string | null
  readonly containerId: string | null
  readonly errorCode: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'replay_no_op' | null
  readonly errorMessage: string | null
  readonly queuedAt: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

/** An operation with its steps. */
export type OperationDetail = {
  readonly id: string
  readonly game: string
  readonly op: 'start' | 'stop' | 'pause' | 'resume' | 'restart' | 'patch' | 'force_next_turn' | 'reconcile' | 'turn'
  readonly detail: 'reconcile_adopt' | 'reconcile_dispose' | 'cleanup' | 'delete' | 'crash_restart' | 'resize' | 'duplicate' | null
  readonly source: 'lobby' | 'admin' | 'scheduler' | 'reconciler'
  readonly sourceRef: string | null
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed'
  readonly generation: number | null
  readonly cause: string
  readonly image: string | null
  readonly containerId: string | null
  readonly errorCode: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'replay_no_op' | null
  readonly errorMessage: string | null
  readonly queuedAt: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly kind: 'Operation'
  readonly actions: readonly Action[]
}

/** The controller did something. */
export type OperationHappening = {
  readonly kind: 'operation'
  readonly at: string
  readonly operation: Operation
  readonly actions: readonly Action[]
  readonly askedAt: string | null
}

export type OperationList = {
  readonly kind: 'OperationList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Operation[]
}

/** A container with our labels that is left alone. */
export type Orphan = {
  readonly game: string
  readonly container: string
  readonly containerId: string
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead'
  readonly deployment: string | null
  readonly engine: string | null
  readonly engineVersion: string | null
  readonly image: string
  readonly stateFolder: string | null
  readonly adoption: 'by_itself' | 'on_request' | 'with_deployment' | 'refused'
  readonly why: string
}

export type OrphanList = {
  readonly kind: 'OrphanList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Orphan[]
}

/** What is told to the outside. */
export type OutboxEvent = {
  readonly id: number
  readonly eventId: string
  readonly game: string
  readonly type: string
  readonly state: 'waiting' | 'delivered' | 'dead'
  readonly attempts: number
  readonly createdAt: string
  readonly nextAttemptAt: string | null
  readonly deliveredAt: string | null
  readonly deadAt: string | null
  readonly lastError: string | null
  readonly payload: unknown
}

export type OutboxEventList = {
  readonly kind: 'OutboxEventList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly OutboxEvent[]
}

export type Plan = { readonly text: string; readonly actions: number; readonly kind: 'Plan'; readonly game: string }

export type PlanText = { readonly text: string; readonly actions: number }

/** How a running engine is asked whether it serves. */
export type Probe = { readonly http: { readonly path: string; readonly port: number } } | { readonly tcp: { readonly port: number } } | { readonly docker: true } | { readonly none: true }

/** A problem document (RFC 9457). */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: 'start_config_invalid' | 'image_pull_failed' | 'container_start_failed' | 'conflict' | 'patch_semver_incompatible' | 'service_unavailable' | 'engine_unreachable' | 'not_found' | 'internal_error' | 'invalid_request' | 'unauthorized' | 'forbidden' | 'precondition_failed' | 'gone' | 'too_many_requests'
  readonly requestId: string
  readonly errors?: readonly ProblemDetail[]
}

/** One thing that is wrong with a request. */
export type ProblemDetail = {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly field?: string
  readonly message: string
}

export type PruneResult = {
  readonly kind: 'PruneResult'
  readonly deleted: readonly string[]
  readonly waiting: readonly WaitingDocument[]
}

export type Readiness = {
  readonly ok: boolean
  readonly leader?: boolean
  readonly checks?: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

export type ReplayResult = { readonly kind: 'ReplayResult'; readonly dryRun: boolean; readonly replayed: number }

export type ReplayedEvent = {
  readonly id: number
  readonly eventId: string
  readonly game: string
  readonly type: string
  readonly state: 'waiting' | 'delivered' | 'dead'
  readonly attempts: number
  readonly createdAt: string
  readonly nextAttemptAt: string | null
  readonly deliveredAt: string | null
  readonly deadAt: string | null
  readonly lastError: string | null
  readonly payload: unknown
  readonly kind: 'OutboxEvent'
  readonly dryRun: boolean
}

export type RevokedToken = { readonly kind: 'Revoked' | 'DryRun'; readonly metadata: { readonly name: string } }

/** What is known of a game, without what was asked for. */
export type Runtime = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'Runtime'
  readonly metadata: GameMetadata
  readonly status: GameStatus
}

export type RuntimeList = {
  readonly kind: 'RuntimeList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Runtime[]
}

/** What the engine said after init or a turn. */
export type Snapshot = {
  readonly id: number
  readonly game: string
  readonly turn: number
  readonly runtimeStatus: 'starting' | 'running' | 'generation_in_progress' | 'generation_failed' | 'stopped' | 'engine_unreachable' | 'finished' | 'removed'
  readonly engineHealth: 'ok' | 'unreachable' | 'unhealthy' | 'unknown'
  readonly observedAt: string
  readonly playerStats: readonly unknown[]
  readonly engineState: unknown
  readonly recordUid: string
  readonly incarnation: number
}

export type SnapshotList = {
  readonly kind: 'SnapshotList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Snapshot[]
}

export type SwitchDryRun = {
  readonly kind: 'DryRun'
  readonly name: string
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly warnings: readonly string[]
}

/** A token, without its secret. */
export type Token = {
  readonly name: string
  readonly role: 'viewer' | 'lobby' | 'operator' | 'admin'
  readonly createdAt: string
  readonly createdBy: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
}

export type TokenDryRun = {
  readonly kind: 'DryRun'
  readonly name: string
  readonly role: 'viewer' | 'lobby' | 'operator' | 'admin'
}

export type TokenList = {
  readonly kind: 'TokenList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Token[]
}

/** An entry of the ledger of turns. */
export type Turn = {
  readonly id: string
  readonly game: string
  readonly turn: number | null
  readonly status: 'in_progress' | 'succeeded' | 'failed' | 'skipped' | 'superseded'
  readonly skipReason: 'paused' | 'not_running' | 'in_progress' | 'missed_while_down' | 'skip_next_tick' | null
  readonly scheduledAt: string | null
  readonly turnToken: string | null
  readonly generation: number | null
  readonly operation: string | null
  readonly attempts: number
  readonly error: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly recordUid: string
  readonly incarnation: number
}

export type TurnList = {
  readonly kind: 'TurnList'
  readonly metadata: { readonly continue: string | null }
  readonly items: readonly Turn[]
}

export type UsageList = { readonly kind: 'UsageList'; readonly items: readonly GameUsage[] }

/** What a verb would change and bring about. */
export type VerbDryRun = {
  readonly kind: 'DryRun'
  readonly game: string
  readonly op: 'start' | 'stop' | 'pause' | 'resume' | 'restart' | 'patch' | 'force_next_turn' | 'reconcile' | 'turn' | 'cleanup'
  readonly changes: readonly FieldChange[]
  readonly plan: PlanText | null
}

/** A document that vanished from the watched folder and waits to be deleted. */
export type WaitingDocument = {
  readonly root: string
  readonly path: string
  readonly kind: 'Game' | 'EngineVersion'
  readonly name: string
  readonly waiting: string | null
  readonly missingSince: string | null
}

/** A file of the watched folder. */
export type WatchedFile = {
  readonly root: string
  readonly path: string
  readonly documents: number
  readonly problems: readonly {
    readonly file: string
    readonly line: number
    readonly column: number
    readonly path: string
    readonly message: string
  }[]
  readonly missingSince: string | null
  readonly changedAt: string
}

export type WrittenEngineVersion = {
  readonly apiVersion: 'galaxy.dev/v1alpha1'
  readonly kind: 'EngineVersion'
  readonly metadata: {
    readonly name: string
    readonly resourceVersion: string
    readonly createdAt: string
    readonly updatedAt: string
  }
  readonly spec: EngineVersionSpec
  readonly status: {
    readonly image: string | null
    readonly problem: string | null
    readonly desiredBy: readonly string[]
    readonly manifest: string | null
  }
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly warnings: readonly string[]
}
