import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { spinner } from '@clack/prompts';

export interface Progress {
  step(text: string): void;
  done(): void;
}

/** Says on stderr what goes on, as it suits who reads it: a line that moves for people, lines for a log. */
export function showProgress(): Progress {
  if (!process.stderr.isTTY) return { step: (text) => console.error(text), done: () => undefined };
  const line = spinner({ output: process.stderr });
  line.start('starting');
  return { step: (text) => line.message(text), done: () => line.stop('done') };
}

/** The options of this process' command line; where one is unknown, the process ends with the usage. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(options: Options, usage: string) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(1);
  }
}

/**
 * The numbers of a command line, each an integer.
 *
 * @param least the smallest that makes sense, by name
 * @throws naming the option, followed by the usage
 */
export function wholeNumbers<Name extends string>(
  options: Readonly<Record<NoInfer<Name>, string>>,
  least: Readonly<Record<Name, number>>,
  usage: string,
): Record<Name, number> {
  const numbers = {} as Record<Name, number>;
  for (const name of Object.keys(least) as Name[]) {
    const value = Number(options[name]);
    if (!Number.isInteger(value) || value < least[name]) {
      throw new Error(`--${name}: a number from ${least[name]} on\n\n${usage}`);
    }
    numbers[name] = value;
  }
  return numbers;
}
