/** What admission needs of an image. */
export interface ImageFacts {
  /** Content id, `sha256:…`. */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** Repository tags and digests that mean this image on this host. */
  readonly refs: readonly string[]
}
