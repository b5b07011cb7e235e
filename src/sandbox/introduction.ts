import type { Sandbox } from './sandbox.js';

/** The paragraph that is printed when the sandbox starts: where it is, and who can sign in. */
export function introduction({ url, gocdUrl, world }: Sandbox): string {
  const [somebody] = world.rally.people;
  const line = (provider: string, userName: string, shows: string) =>
    `  ${provider.padEnd(5)}  ${userName.padEnd(18)} ${shows}`;
  return [
    `The sandbox stands in for Rally at ${url} and for GoCD at ${gocdUrl}.`,
    `These people are known there, each with the password "${somebody?.password ?? ''}":`,
    ...world.rally.people.map(({ userName, shows }) => line('Rally', userName, shows)),
    ...world.gocd.people.map(({ userName, shows }) => line('GoCD', userName, shows)),
    `What it was asked, and failures to switch on: ${url}/_sandbox`,
  ].join('\n');
}
