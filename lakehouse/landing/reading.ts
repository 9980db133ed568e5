/** Tells how far a batch has been read: of finished parts all, of the present one what has come by. */
import type { Source, SourceMember } from '../sources/source';

export interface Read {
  readonly membersBegun: number;
  readonly bytesRead: number;
}

export type OnRead = (read: Read) => void;

export interface Reading {
  /** The source, watched, for one part: what landed before is not read, and counts when the part has ended. */
  readonly part: <T>(
    members: readonly SourceMember[],
    source: Source,
    work: (watched: Source) => Promise<T>,
  ) => Promise<T>;
  readonly bytes: () => number;
}

const bytesOf = (members: readonly SourceMember[]): number =>
  members.reduce((sum, { bytes }) => sum + bytes, 0);

export function createReading(onRead: OnRead = () => undefined): Reading {
  let done: Read = { membersBegun: 0, bytesRead: 0 };
  return {
    async part(members, source, work) {
      const begun = new Set<string>();
      const whole = bytesOf(members);
      let seen = 0;
      const tell = () =>
        onRead({
          membersBegun: done.membersBegun + begun.size,
          bytesRead: done.bytesRead + Math.min(seen, whole),
        });
      const begin = (member: string) => {
        begun.add(member);
        tell();
      };
      const landed = await work({
        ...source,
        open(member) {
          begin(member);
          return source.open(member, (bytes) => {
            seen += bytes;
            tell();
          });
        },
        // A file that is read where it lies does not come by: it counts when it has landed.
        pathOf(member) {
          begin(member);
          return source.pathOf?.(member) ?? null;
        },
      });
      done = {
        membersBegun: done.membersBegun + members.length,
        bytesRead: done.bytesRead + whole,
      };
      onRead(done);
      return landed;
    },
    bytes: () => done.bytesRead,
  };
}
