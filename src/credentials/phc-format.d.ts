declare module '@phc/format' {
  export interface PhcParts {
    readonly id: string;
    readonly params?: Record<string, string | number>;
    readonly salt?: Buffer;
    readonly hash?: Buffer;
  }
  /** @throws {TypeError} when the text is not a PHC string */
  export function deserialize(phcString: string): PhcParts;
}
