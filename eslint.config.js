import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const onlyWithin = (reason) => ({ regex: '^(?!node:)\\.\\./', message: reason });

export default defineConfig(
  globalIgnores(['dist/', 'coverage/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: 'test/tsconfig.json' } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    },
  },

  // What a page runs in the browser: as it stands, without a build.
  {
    files: ['public/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'AbortController',
          'addEventListener',
          'clearTimeout',
          'CSS',
          'document',
          'DOMParser',
          'fetch',
          'location',
          'navigator',
          'Response',
          'setInterval',
          'setTimeout',
          'TransformStream',
          'URL',
          'URLSearchParams',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },

  // Border 1: oauth/ is RFC 6749 and nothing else, so that it can be read, and copied, by itself.
  {
    files: ['src/oauth/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            onlyWithin('src/oauth/ imports nothing from the rest of the app.'),
            { group: ['express*', 'axios'], message: 'src/oauth/ knows no web framework.' },
          ],
        },
      ],
    },
  },

  // Border 2: the sandbox shares no code with the client. A constant that both used would agree
  // with itself, and a wrong one would pass every test.
  {
    files: ['src/**'],
    ignores: ['src/server.ts', 'src/oauth/**', 'src/sandbox/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['**/sandbox/**'], message: 'Only server.ts starts the sandbox.' }] },
      ],
    },
  },
  {
    files: ['src/sandbox/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [onlyWithin('The sandbox imports nothing of the client.')] },
      ],
    },
  },
  {
    files: ['src/sandbox/*/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^\\.\\./\\.\\./',
              message: 'The sandbox imports nothing of the client.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/sandbox/*/*/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(\\.\\./){3}',
              message: 'The sandbox imports nothing of the client.',
            },
          ],
        },
      ],
    },
  },
);
