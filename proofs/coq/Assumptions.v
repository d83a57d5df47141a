(** * What each theorem rests on

    Compiling this file prints, item by item, the axioms that the proofs of its
    theorems use, all of them together.  Allowed are those of Coq's standard library:
    - [ClassicalDedekindReals.sig_forall_dec], [ClassicalDedekindReals.sig_not_dec]:
      the real numbers are classical;
    - [FunctionalExtensionality.functional_extensionality_dep];
    - [Classical_Prop.classic]: excluded middle.
    There is no other; an [Admitted] would show here as one more. *)

From RSTheory Require Import
  Setting Convexity SecondDerivative Gaussian BinomialLaw Paths Hypergeometric A1 A2_A3 A5
  B1_B2 B3 B4 B5 B_Gaussian B7 C1 C2_C4 C4_reals C5 C7 C9 C11 C12 D1 D2_D3 D2_sensitivity D4
  Budget C6 B7_bounded E4 G1 G1_mixture G2_interval G4 G5 C10_runs H H_atoms Refutations Refutations_anytime.

(** ** A1.v: the radius function *)
Definition theorems_A1 :=
  ( @Q_increasing, @Q_non_decreasing, @Q_half, @Q_opp, @Q_positive, @Q_nonnegative,
    @A1_increasing, @A1_half, @A1_odd, @A1_unbounded ).
Print Assumptions theorems_A1.

(** ** Gaussian.v: the Gaussian integral, distribution function and quantile *)
Definition theorems_Gaussian_function :=
  ( @gaussian_integral, @derive_Phi, @Phi_increasing, @Phi_0, @Phi_opp, @Phi_limit,
    @Phi_01, @quantile_exists, @Phi_Q, @Q_Phi ).
Print Assumptions theorems_Gaussian_function.

(** ** A2_A3.v: sensitivity (A2), its ratio (A4) and convexity (A3) *)
Definition theorems_A2_A3_A4 :=
  ( @derive_Q, @A2, @derive_Radius, @A2_minimum, @A4_ratio, @A3,
    @A3_convex_upper_half, @A3_convex ).
Print Assumptions theorems_A2_A3_A4.

(** ** A5.v: two-sided bounds on the radius and the sensitivity *)
Definition theorems_A5 :=
  ( @A5_tail_upper, @A5_tail_lower, @A5_upper, @A5_lower, @A5_hazard_upper,
    @A5_hazard_lower, @A5_sensitivity_lower, @A5_sensitivity_upper ).
Print Assumptions theorems_A5.

(** ** B1_B2.v, B_Gaussian.v: the constant classifier and its budget *)
Definition theorems_B1_B2 :=
  ( @B2_share, @B2_classes, @B2_sufficient, @B2_necessary, @B2_budget_exists,
    @B2_smallest, @B2_ACR, @B1, @B1_formula, @B1_Gaussian, @B2_Gaussian,
    @B2_smallest_Gaussian ).
Print Assumptions theorems_B1_B2.

(** ** B3.v, B_Gaussian.v: the printed budget *)
Definition theorems_B3 :=
  ( @B3_printed_budget_is_2, @B3_bound_below_half, @B3_refuted, @B3_Gaussian ).
Print Assumptions theorems_B3.

(** ** B4.v: growth with the budget *)
Definition theorems_B4 :=
  ( @B4_tail_upper, @B4_tail_lower, @B4_radius_upper, @B4_radius_lower ).
Print Assumptions theorems_B4.

(** ** B5.v, B_Gaussian.v: linear in sigma *)
Definition theorems_B5 :=
  ( @B5_linear, @B5_passes, @B5_unbounded, @B5_Gaussian ).
Print Assumptions theorems_B5.

(** ** B7.v, B7_bounded.v: infinite-budget ranking *)
Definition theorems_B7 :=
  ( @B7_gap_diverges, @B7_ranking, @B7_full_bound, @expected_radius_bounded,
    @B7_certification ).
Print Assumptions theorems_B7.

(** ** C1.v: the Clopper-Pearson bound *)
Definition theorems_C1_C10 :=
  ( @clopper_pearson_exists, @C1, @C10, @C10_level, @C1_unique, @C1_non_decreasing,
    @C1_increasing_in_k, @C1_increasing_in_alpha, @C1_full_bound ).
Print Assumptions theorems_C1_C10.

(** ** C11.v: the randomized bound *)
Definition theorems_C11 :=
  ( @C11_exists, @C11, @C11_above_plain, @C11_all_agree ).
Print Assumptions theorems_C11.

(** ** C12.v: two classes *)
Definition theorems_C12 :=
  ( @count_is_binomial, @C12_bounds, @C12_runner_up, @C12_selection, @C12 ).
Print Assumptions theorems_C12.

(** ** SecondDerivative.v, BinomialLaw.v, Paths.v, Hypergeometric.v: tools *)
Definition theorems_tools :=
  ( @non_decreasing_of_derivative, @convex_of_second_derivative,
    @expected_is_binomial_sum, @expected_le, @derive_expected,
    @expected_non_decreasing, @expected_increasing, @variance, @chebyshev,
    @over_paths_is_sum, @over_paths_of_count, @number_of_choices,
    @choices_with_j_successes, @choices_are_hypergeometric ).
Print Assumptions theorems_tools.

(** ** C2_C4.v, C4_reals.v: the expected radius, its slope and convexity *)
Definition theorems_C2_C4 :=
  ( @C2_sum, @C2_slope, @C2_slope_at_1, @C4_convex, @C4_largest_slope_at_1,
    @C4_from_real_counts ).
Print Assumptions theorems_C2_C4.

(** ** C5.v, Budget.v: inequality is rewarded *)
Definition theorems_C5 :=
  ( @jensen, @C5_spread_keeps_mean, @C5_transfers, @C5_splitting,
    @C5_transfers_at_budget, @C5_splitting_at_budget ).
Print Assumptions theorems_C5.

(** ** C6.v: the limit of the expected radius *)
Definition theorems_C6 :=
  ( @C6 ).
Print Assumptions theorems_C6.

(** ** C7.v: subsampling a log *)
Definition theorems_C7 :=
  ( @C7_leave_one_out, @C7_law, @C7_one_by_one, @C7, @C7_of_runs, @C7_variance,
    @C7_total_variance, @C7_acr_mean, @C7_acr_variance ).
Print Assumptions theorems_C7.

(** ** C9.v: the smallest number of successes that certifies *)
Definition theorems_C9 :=
  ( @C9, @C9_sixteen ).
Print Assumptions theorems_C9.

(** ** D1.v, D2_D3.v, D2_sensitivity.v: curves of certified accuracy *)
Definition theorems_D1_D2 :=
  ( @D1, @D2, @D2_improper, @D2_sensitivity ).
Print Assumptions theorems_D1_D2.

(** ** D2_D3.v, Budget.v: dominance *)
Definition theorems_D3 :=
  ( @D3_dominance_gives_utility, @D3, @expected_radius_non_decreasing,
    @expected_radius_at_1, @D3_at_budget ).
Print Assumptions theorems_D3.

(** ** D4.v: a band for the whole curve *)
Definition theorems_D4 :=
  ( @D4_stochastically_below, @D4_tail, @D4_band, @D4_certification ).
Print Assumptions theorems_D4.

(** ** E4.v: the shell *)
Definition theorems_E4 :=
  ( @E4_equal_density, @E4_smaller_density, @E4_equal_norm,
    @E4_projection_stays_on_shell ).
Print Assumptions theorems_E4.

(** ** G1.v, G1_mixture.v: a test that may stop at any time *)
Definition theorems_G1_G2_G3 :=
  ( @G1_one_step, @G1_finite_mixture, @ville, @G1_ever, @G1_stopped, @G2, @G3,
    @G1_interval_mixture, @kt_start, @kt_supermartingale, @G1, @G2_kt,
    @kt_is_beta_integral, @kt_is_beta_integral_to_1 ).
Print Assumptions theorems_G1_G2_G3.

(** ** G2_interval.v: what the mixture rejects is an interval *)
Definition theorems_G2_interval :=
  ( @kt_over_places, @G2_monotone, @G2_above_1, @G2_interval, @G2_any_rejected ).
Print Assumptions theorems_G2_interval.

(** ** G4.v, G5.v: looks with thresholds; all radii at once *)
Definition theorems_G4_G5 :=
  ( @G4_exact, @G4_monotone, @G4, @G4_looks, @G4_all_radii,
    @without_cap, @G5 ).
Print Assumptions theorems_G4_G5.

(** ** C10_runs.v: runs under noise that is only nearly Gaussian *)
Definition theorems_C10_runs :=
  ( @over_paths_grows, @C10_test, @C10_anytime, @C10_any_event, @C10_classes ).
Print Assumptions theorems_C10_runs.

(** ** H.v, H_atoms.v: the distribution of p from counts *)
Definition theorems_H :=
  ( @H1_mean_zero, @H1_gap, @H1_optimum, @H3_localization, @dependent, @H1_atoms ).
Print Assumptions theorems_H.

(** ** Refutations.v, Refutations_anytime.v: the statements of Wrong/ are false *)
Definition theorems_Refutations :=
  ( @B2_reciprocal_is_false, @B3_alpha_below_1_is_false, @C5_concave_is_false,
    @A3_everywhere_is_false, @D3_any_utility_is_false,
    @untruncated_mixture_is_false, @repeated_clopper_pearson_is_false,
    @C7_on_a_stopped_run_is_false, @C12_leader_is_false,
    @H1_optimum_at_values_is_false ).
Print Assumptions theorems_Refutations.
