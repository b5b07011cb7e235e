import type { Sandbox } from './sandbox.js';

/** The paragraph that is printed when the sandbox starts: where it is, and who can sign in. */
export function introduction({ url, gocdUrl, world }: Sandbox): string {
  const who = world.people.map(
    ({ provider, userName, shows }) =>
      `  ${provider === 'rally' ? 'Rally' : 'GoCD '}  ${userName.padEnd(18)} ${shows}`,
  );
  return [
    `The sandbox stands in for Rally at ${url} and for GoCD at ${gocdUrl}.`,
    `These people can sign in there, each with the password "${world.people[0]?.password ?? ''}":`,
    ...who,
  ].join('\n');
}
