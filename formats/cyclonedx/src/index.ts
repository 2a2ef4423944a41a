export { composeCyclonedx } from './compose.ts';
export { cyclonedxFragment, cyclonedxFragmentFormat } from './fragment.ts';
