/** What admission needs of an image. */
export interface ImageFacts {
  /** Content id, `sha256:…`. */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** Repository tags and digests that mean this image on this host. */
  readonly refs: readonly string[]
}

/** Every image of a host, and who of the host's containers, in any state, keeps it. */
export interface HostImages {
  readonly images: readonly HostImage[]
  readonly containers: readonly ImageUser[]
}

export interface HostImage extends Pick<ImageFacts, 'id' | 'refs'> {
  /** With the layers that it shares with others. */
  readonly sizeBytes: number
}

export interface ImageUser {
  readonly imageId: string
  /** The container's name, without the leading slash. */
  readonly name: string
  /** Null for a container that is not this deployment's. */
  readonly gameId: string | null
}
