import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib/', 'built/', 'node_modules/', '**/*.mjs', 'scripts/', 'style/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      // Jupyter's interfaces begin with an I, and so do ours that stand beside them.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A token and its interface share their name.
      '@typescript-eslint/no-redeclare': 'off',
      'no-redeclare': 'off',
      // A plugin without a state of its own still is one.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }]
    }
  }
);
