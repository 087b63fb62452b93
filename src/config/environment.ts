/**
 * Loads `.env` of the working directory, if it exists, into the environment; variables that are already set win. This
 * is the only reader of `process.env`.
 *
 * @returns the environment
 * @throws when `.env` exists and can't be read
 */
export function readEnvironment(): NodeJS.ProcessEnv {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return process.env;
}
