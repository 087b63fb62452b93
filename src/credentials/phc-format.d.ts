declare module '@phc/format' {
  export interface PhcParts {
    readonly id: string;
    readonly params?: Record<string, string | number>;
    readonly salt?: Buffer;
    readonly hash?: Buffer;
  }
  export function serialize(parts: PhcParts): string;
  /** @throws {TypeError} when the text is not a PHC string */
  export function deserialize(phcString: string): PhcParts;
}
