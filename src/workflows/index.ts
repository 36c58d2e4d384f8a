export { signDeal } from './sign-deal.js';
