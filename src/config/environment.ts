/**
 * The settings as a process was given them: its environment, and for what is unset there a file `.env` in its folder,
 * where there is one. The only reader of `process.env`.
 */
export function readEnvironment(): NodeJS.ProcessEnv {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return process.env;
}
