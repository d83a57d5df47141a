"""The ledger: for every claim of the theory, what checks it and what that leaves uncovered. Data only.

`proofs/check.py` runs it, prints it and writes it to `proofs/README.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["formal proof", "symbolic derivation", "ball arithmetic", "written proof", "property test"]


@dataclass(frozen=True)
class Check:
    """One thing that can refuse a claim.

    `file`: from the root of the repository. `names`: theorems of a Coq file, one function of a Python file, or test
    functions. `arguments`: of that function. `covers`: what is shown, where the statement of the row does not say it.
    """

    kind: Kind
    file: str
    names: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    covers: str = ""


@dataclass(frozen=True)
class Row:
    """`verdict`: what the checks together amount to. `source`: paper, known or new, as in the theory."""

    item: str
    statement: str
    source: Literal["paper", "known", "new", "paper and new", "known and new"]
    verdict: str
    checks: tuple[Check, ...]
    not_covered: str


def coq(file: str, *names: str, covers: str = "") -> Check:
    return Check("formal proof", f"proofs/coq/{file}", names, (), covers)


def symbolic(item: str, file: str, covers: str = "") -> Check:
    return Check("symbolic derivation", file, (), (item,), covers)


def balls(file: str, name: str, *arguments: str, covers: str) -> Check:
    return Check("ball arithmetic", f"proofs/intervals/{file}", (name,), arguments, covers)


def constants(item: str, covers: str) -> Check:
    return balls("constants.py", "quoted", item, covers=covers)


def by_tests(file: str, *names: str, covers: str = "") -> Check:
    return Check("property test", f"tests/{file}", names, (), covers)


LIBRARY = "rstheory/symbolic/identities.py"

LEDGER: tuple[Row, ...] = (
    Row(
        "A1",
        "R(p) = σΦ⁻¹(p) is strictly increasing, R(1/2) = 0, R(1⁻) = ∞, R(1-p) = -R(p)",
        "known",
        "proved",
        (
            coq("A1.v", "A1_increasing", "A1_half", "A1_odd", "A1_unbounded"),
            symbolic("A1", LIBRARY, "symmetry and tail form"),
            by_tests(
                "test_radius.py", "test_strictly_decreasing_in_the_tail", "test_odd_about_one_half", "test_the_ends"
            ),
        ),
        "that σΦ⁻¹(p) certifies (Cohen et al. 2019) is taken from its source",
    ),
    Row(
        "A2",
        "R'(p) = σ/φ(Φ⁻¹(p)) = σ√(2π) exp(z²/2), least at p = 1/2",
        "paper",
        "proved",
        (
            coq("A2_A3.v", "derive_Q", "A2", "A2_minimum"),
            symbolic("A2", "proofs/symbolic/radius.py"),
            by_tests(
                "test_radius_derivatives.py",
                "test_sensitivity_against_the_oracle",
                "test_sensitivity_is_smallest_at_one_half",
            ),
        ),
        "nothing",
    ),
    Row(
        "A3",
        "R''(p) = 2πσ z exp(z²); max(0, R) is convex on [0, 1)",
        "new",
        "proved",
        (
            coq("A2_A3.v", "A3", "A3_convex_upper_half", "A3_convex"),
            symbolic("A3", "proofs/symbolic/radius.py"),
            by_tests("test_radius_derivatives.py", "test_curvature_against_the_oracle"),
        ),
        "nothing",
    ),
    Row(
        "A4",
        "R'(p₁)/R'(p₂) = exp((z₁²-z₂²)/2); from 0.99 to 0.999 is worth as much as from 0 to 0.7657 (0.7112σ)",
        "paper",
        "proved",
        (
            coq("A2_A3.v", "A4_ratio"),
            symbolic("A4", "proofs/symbolic/radius.py"),
            constants("A4", "0.7112 and 0.7657 at N = 10⁵, α = 0.001"),
            by_tests("test_budget_limits.py", "test_the_gain_the_paper_quotes"),
        ),
        "the two numbers at other budgets",
    ),
    Row(
        "A5",
        "√(c²+2l) - c <= R(1-t)/σ <= √(2l) and 1/(√(2l)+c) <= t R'(1-t)/σ <= 1/√(y²+c²), "
        "with l = ln(1/(2t)), c = √(2/π), y = √(c²+2l) - c",
        "new",
        "proved for every t in (0, 1/2]",
        (
            coq("A5.v", "A5_upper", "A5_lower", covers="R, every t in (0, 1/2]"),
            coq("A5.v", "A5_sensitivity_lower", "A5_sensitivity_upper", covers="R', every t in (0, 1/2]"),
            symbolic("A5", "proofs/symbolic/radius.py", "the identities behind the bounds; the bounds meet"),
            balls("radius.py", "radius_lower_bound", covers="lower bound of R, 3.7e-350 <= t <= 1/2"),
            balls("radius.py", "radius_upper_bound", covers="upper bound of R, 3.7e-350 <= t <= 1/2"),
            balls("radius.py", "slope_lower_bound", covers="lower bound of R', 3.7e-350 <= t <= 1/2"),
            balls("radius.py", "slope_upper_bound", covers="upper bound of R', 3.7e-350 <= t <= 1/2"),
            by_tests(
                "test_radius_bounds.py",
                "test_bounds_hold_on_both_sides",
                "test_bounds_at_a_log_tail_that_no_float_holds",
            ),
        ),
        "nothing; the balls alone end at t = 3.7e-350, and beyond rest on quoted inequalities",
    ),
    Row(
        "B1",
        "the constant classifier's ACR is qσΦ⁻¹(α^(1/N)), which tends to ∞ with N",
        "paper",
        "proved",
        (
            coq("B1_B2.v", "B1", covers="for every strictly increasing Φ into (0, 1)"),
            coq("B_Gaussian.v", "B1_formula", "B1_Gaussian", covers="for the normal Φ"),
            coq("Gaussian.v", "gaussian_integral", "Phi_increasing", "Phi_01", "Phi_Q"),
            by_tests("test_certify.py", "test_constant_classifier_has_exactly_the_trivial_acr"),
        ),
        "nothing",
    ),
    Row(
        "B2",
        "ACR > M iff N > ln α / ln Φ(M/(qσ)); the smallest such N is the floor of that plus 1",
        "new",
        "proved",
        (
            coq("B1_B2.v", "B2_share", "B2_classes", "B2_smallest", "B2_budget_exists", "B2_ACR"),
            coq("B_Gaussian.v", "B2_Gaussian", "B2_smallest_Gaussian", covers="for the normal Φ"),
            symbolic("B2", LIBRARY),
            constants("B2", "for ACR 0.8437, q = 1/10: 4.24·10¹⁷ to its last digit; q = 1/1000: 10^154576"),
            by_tests("test_trivial_budget.py", "test_budget_for_acr_is_exact", "test_the_budgets_the_theory_quotes"),
        ),
        "nothing",
    ),
    Row(
        "B3",
        "the budget printed in arXiv v1 is 2 for α < 1/2, whatever M, K, σ; for α < 1/4 its ACR is 0",
        "new",
        "proved",
        (
            coq("B3.v", "B3_printed_budget_is_2", "B3_bound_below_half", "B3_refuted"),
            coq("B_Gaussian.v", "B3_Gaussian", covers="for the normal Φ"),
            symbolic("B3", LIBRARY, "the printed ratio falls in M"),
            by_tests("test_trivial_budget.py", "test_the_printed_budget_certifies_nothing"),
        ),
        "nothing",
    ),
    Row(
        "B4",
        "a/N - a²/(2N²) <= 1 - α^(1/N) <= a/N; for N >= 2a, with t the first bound, "
        "√(c²+2 ln(N/(2a))) - c <= R_N/σ <= √(2 ln(1/(2t)))",
        "new",
        "proved",
        (
            coq("B4.v", "B4_tail_upper", "B4_tail_lower", "B4_radius_upper", "B4_radius_lower"),
            symbolic("B4", "proofs/symbolic/growth.py", "expansion, signed remainders, fourth power"),
            balls("growth.py", "tail_upper_bound", covers="upper bound of the tail, 0 < a/N <= 50"),
            balls("growth.py", "tail_lower_bound", covers="lower bound of the tail, 0 < a/N <= 50"),
            balls("growth.py", "radius_lower_bound", covers="lower bound of R_N, 2 <= N/a <= 10^434"),
            balls("growth.py", "radius_upper_bound", covers="upper bound of R_N, 2 <= N/a <= 10^434"),
            by_tests("test_trivial_growth.py", "test_tail_bounds_hold", "test_max_radius_bounds_hold"),
        ),
        "nothing; the bounds by balls at N/a > 10^434, by hand",
    ),
    Row(
        "B5",
        "at a fixed budget with α^(1/N) > 1/2, ACR is linear in σ, hence unbounded; it passes 0.844 at σ = 2.214",
        "new",
        "proved",
        (
            coq("B5.v", "B5_linear", "B5_passes", "B5_unbounded"),
            coq("B_Gaussian.v", "B5_Gaussian", covers="for the normal Φ"),
            symbolic("B5", LIBRARY),
            constants("B5", "2.214 at N = 10⁵, α = 0.001, q = 1/10"),
            by_tests("test_trivial_acr.py", "test_acr_is_linear_in_sigma_and_share"),
        ),
        "nothing",
    ),
    Row(
        "B6",
        "two balanced classes, σ = 1, α = 0.001: the constant classifier passes 0.844 at N = 148, not at 147",
        "new",
        "proved",
        (
            constants("B6", "148"),
            by_tests("test_rigorous_budgets.py", "test_exact_budgets"),
        ),
        "nothing",
    ),
    Row(
        "B7",
        "if the shares of samples with p = 1 differ, the larger one has the larger ACR for all large N",
        "new",
        "proved",
        (
            coq("B7.v", "B7_gap_diverges", "B7_ranking", "B7_full_bound"),
            coq("B7_bounded.v", "expected_radius_bounded", "B7_certification", covers="for Clopper-Pearson radii"),
            by_tests("test_population.py", "test_the_larger_certain_share_wins_in_the_end"),
            by_tests("test_population.py", "test_an_uncertain_sample_keeps_a_bounded_radius"),
        ),
        "infinitely many values of p: not claimed",
    ),
    Row(
        "C1",
        "P(L(K) > p) <= α for every p and N; L is strictly increasing in k and, for k >= 1, in α",
        "known",
        "proved",
        (
            coq("C1.v", "clopper_pearson_exists", "C1", "C1_full_bound"),
            coq("C1.v", "C1_increasing_in_k", "C1_increasing_in_alpha", covers="strictly increasing"),
            by_tests("test_binomial_bounds.py", "test_coverage", "test_coverage_where_it_is_tightest"),
            by_tests("test_binomial_laws.py", "test_increasing_in_k", "test_increasing_in_alpha"),
            by_tests("test_rigorous.py", "test_bound_is_monotone_and_bracketed_by_rationals"),
        ),
        "nothing",
    ),
    Row(
        "C2",
        "r_N(p) = Σ Bin(k; N, p) g(k), slope N Σ Bin(k; N-1, p) (g(k+1) - g(k)); 7232.99σ at p = 1, N = 10⁵, α = 0.001",
        "known and new",
        "proved",
        (
            coq("C2_C4.v", "C2_sum", "C2_slope", "C2_slope_at_1", covers="every N, any g"),
            symbolic("C2", "proofs/symbolic/budget.py", "N <= 6; the term for every N; the sum by parts for N = 8"),
            constants("C2", "7232.99 at p = 1 and 2.506 at p = 0.51"),
            by_tests("test_symbolic_expectations.py", "test_slope_is_the_derivative"),
        ),
        "nothing",
    ),
    Row(
        "C3",
        "N(1 - L(N-j)) → c_j with P(Pois(c_j) <= j) = α; the slope at 1 grows like N ln(c₁/c₀)/√(2 ln(N/c₀))",
        "known and new",
        "derived; tested",
        (
            symbolic("C3", "proofs/symbolic/budget.py", "limit of each probability; the slope's integral"),
            by_tests("test_binomial_poisson_limit.py", "test_poisson_limit_is_reached_at_rate_one_over_n"),
            by_tests("test_budget_limits.py", "test_slope_at_one_comes_down_to_its_limit"),
        ),
        "that the roots converge with the probabilities, and that A5's bounds may be integrated, is argued, not formal",
    ),
    Row(
        "C4",
        "the increments g(k+1) - g(k) are non-decreasing in k, for α <= 1/2; so r_N is convex, steepest at p = 1",
        "new",
        "proved for every N and α <= 1/2, by hand and ball arithmetic; false at α = 0.999, 0.99, 0.95, 0.9, 0.8, 0.6",
        (
            Check("written proof", "proofs/C4.md", covers="every N >= 1, every α <= 1/2"),
            coq("C4_reals.v", "C4_from_real_counts", covers="from real counts to whole ones"),
            coq("C2_C4.v", "C4_convex", "C4_largest_slope_at_1", covers="from the increments to r_N"),
            balls("convexity_lemma.py", "every_budget", covers="its Lemma 5 for 1 <= b <= 4, every n"),
            balls("convexity.py", "standard_budgets", covers="every k at N = 100, 10³, 10⁴, 10⁵, α = 0.001"),
            balls("convexity.py", "every_small_budget", covers="every k, N <= 500, α = 0.1, 0.05, 0.01, 0.001, 0.5"),
            balls("convexity.py", "counterexample_by_hand", covers="N = 2, α = 0.999: 1.857, then 1.433"),
            balls("convexity.py", "first_failures", covers="first N at six α > 1/2: 2, 3, 7, 11, 23, 251"),
            by_tests("test_budget_laws.py", "test_increments_do_not_fall", "test_expected_radius_is_convex"),
            by_tests(
                "test_proofs_increments.py",
                "test_velocity_of_the_log_odds",
                "test_velocity_grows",
                "test_the_series_of_the_positive_part",
                covers="formulas of C4.md",
            ),
        ),
        "the written proof is formal in its last step only (C4.md says what is missing); failure for every α > 1/2 and "
        "all large N is expected, not proved",
    ),
    Row(
        "C5",
        "every mean-preserving spread of the label probabilities raises or keeps ACR, at every budget with α <= 1/2",
        "new",
        "proved, given C4",
        (
            coq("C5.v", "C5_spread_keeps_mean", "C5_transfers", "C5_splitting", covers="any convex r"),
            coq("Budget.v", "C5_transfers_at_budget", "C5_splitting_at_budget", covers="r_N, C4 as hypothesis"),
            symbolic("C2", "proofs/symbolic/budget.py", "r'' from the second differences of g"),
            by_tests("test_population.py", "test_spreading_never_lowers_the_acr"),
            by_tests("test_population.py", "test_spreading_may_lower_the_acr_above_one_half"),
        ),
        "infinitely many values of p",
    ),
    Row(
        "C6",
        "r_N(p) → R(p) with gap ≈ z_{1-α} σ√(p(1-p)/N)/φ(z); it diverges at p = 1; r_N(p) need not be monotone in N",
        "new",
        "limits proved; rate tested",
        (
            coq("C6.v", "C6", covers="r_N(p) → max(0, R(p)) for every p < 1"),
            coq("Budget.v", "expected_radius_at_1", covers="r_N(1) = g(N), which diverges by B1"),
            by_tests("test_budget_limits.py", "test_the_gap_to_an_infinite_budget", "test_no_gap_closes_at_one"),
            by_tests(
                "test_budget_limits.py",
                "test_more_draws_may_lower_the_expected_radius",
                covers="refuted by one exact case",
            ),
        ),
        "the rate",
    ),
    Row(
        "C7",
        "n draws chosen from a run of N >= n, k of them successes, have a Hypergeometric(N, k, n) count: mean and "
        "variance of the radius and of ACR at (n, α') are exact from a log",
        "known",
        "proved",
        (
            coq("C7.v", "C7_law", "C7_one_by_one", covers="the law"),
            coq("C7.v", "C7", "C7_of_runs", covers="it predicts a fresh run without bias"),
            coq("C7.v", "C7_variance", "C7_total_variance", covers="variance of the radius"),
            coq("C7.v", "C7_acr_mean", "C7_acr_variance", covers="mean and variance of ACR"),
            coq("Refutations_anytime.v", "C7_on_a_stopped_run_is_false", covers="false for a run that stopped"),
            by_tests("test_transport.py", "test_transport_is_the_hypergeometric_mean"),
            by_tests("test_transport.py", "test_transport_agrees_with_resampling_the_draws"),
        ),
        "n > N has a model-based prediction only, marked as such",
    ),
    Row(
        "C8",
        "rankings by ACR depend on the budget: the crossing budgets of two logs are found to the draw",
        "paper and new",
        "tested",
        (
            by_tests("test_audit_compare.py", "test_crossing_budgets_are_every_change_of_sign"),
            by_tests("test_population.py", "test_the_sign_changes_at_the_crossing"),
        ),
        "which published logs cross is data, not theory",
    ),
    Row(
        "C9",
        "smallest certifiable rate: 12/16 at N = 16, α = 0.1; 0.50490 at N = 10⁵, α = 0.001; largest radius 3.8115σ",
        "paper and new",
        "proved",
        (
            coq("C9.v", "C9", "C9_sixteen", covers="the rule, and 12 of 16"),
            constants("C9", "12, 50490 and 3.8115"),
            by_tests("test_budget_counts.py", "test_min_certifiable_count_is_the_exact_one"),
        ),
        "nothing",
    ),
    Row(
        "C10",
        "noise within total variation τ of N(0, σ²I): L - τ is sound at the same α, and the radius of L, or of a "
        "test that stops, at α(1 + 2τ)^N; no event of N draws gains more than Nτ",
        "known and new",
        "proved",
        (
            coq("C1.v", "C10", "C10_level", covers="from |p' - p| <= τ"),
            coq("C10_runs.v", "C10_test", "C10_anytime", covers="tests of p <= q, q >= 1/2"),
            coq("C10_runs.v", "C10_any_event", "C10_classes", covers="any event, of two classes or more"),
            by_tests(
                "test_smoothing_noise_level.py",
                "test_the_theorem_behind_the_level",
                "test_the_lemma_behind_the_theorem",
            ),
            by_tests("test_smoothing_noise_tails.py", "test_cut_tail_variation_is_what_the_cut_takes"),
            by_tests("test_smoothing_noise_level.py", "test_a_smaller_factor_would_be_wrong"),
        ),
        "the numbers: τ of a generator whose coordinates are cut, tested",
    ),
    Row(
        "C11",
        "randomized Clopper-Pearson, P_L(K > k) + U P_L(K = k) = α with U uniform: P(L > p) = α for every 0 < p < 1; "
        "never below the plain bound, and 1 where k = N and U < α",
        "known",
        "proved",
        (
            coq("C11.v", "C11_exists", "C11", "C11_above_plain", "C11_all_agree"),
            balls("randomized.py", "level_is_exact", covers="every N <= 200, three α, four p, in rational arithmetic"),
            by_tests("test_randomized.py", "test_sound_and_between_the_plain_bounds", "test_level_is_alpha_exactly"),
        ),
        "a U drawn from a generator is uniform on a grid only",
    ),
    Row(
        "C12",
        "with L on the first class at level α₁ and U on every bucket of rivals at level α₂, buckets from the selection "
        "draws, σ/2 (Φ⁻¹(L) - Φ⁻¹(max U)) is certified at α₁ + α₂: one share for all rivals; so it is with U of the "
        "rival alone that has the most estimation draws",
        "known",
        "proved",
        (
            coq("C12.v", "count_is_binomial", "C12_bounds", "C12_selection", "C12", covers="buckets"),
            coq("C12.v", "C12_runner_up", covers="the runner-up of the estimation draws"),
            coq("Refutations_anytime.v", "C12_leader_is_false", covers="false for the leader of the estimation draws"),
            by_tests("test_two_class.py", "test_error_rate_exactly", "test_value_from_the_bounds"),
        ),
        "that σ/2 (Φ⁻¹(p_A) - Φ⁻¹(p_B)) certifies (Cohen et al. 2019) is taken from its source",
    ),
    Row(
        "C13",
        "ACR of a fresh run at (n, α') about the mean given the log has variance 2 × fresh - sub-run",
        "new",
        "tested",
        (by_tests("test_audit_fresh.py", "test_what_each_number_is", "test_a_fresh_run_falls_where_it_is_expected"),),
        "p is estimated by (k + 1/2)/(N + 1)",
    ),
    Row(
        "C14",
        "the crossing budget of two logs, resampled over images in pairs, lies between its quantiles; it is "
        "undetermined where rounding alone decides",
        "new",
        "tested; approximate for many images",
        (
            by_tests(
                "test_statistics_crossing.py", "test_overtaking_by_definition", "test_rounding_opens_the_crossing"
            ),
            by_tests("test_statistics_crossing.py", "test_interval_covers_the_crossing_of_the_population"),
            by_tests("test_audit_intervals.py", "test_expected_radii_are_those_of_the_log"),
        ),
        "crossings before the last one; another training run",
    ),
    Row(
        "C15",
        "where two machines answer a share η of an image's noisy copies differently, a bound L on p of one is a bound "
        "L - η on p of the other; with an upper bound on η at α/2 and L at α/2, the radius of L - η holds at level α",
        "new",
        "tested; follows from P(A) - P(A and not B) <= P(B)",
        (
            by_tests(
                "test_elsewhere.py",
                "test_it_is_the_radius_of_the_difference_of_two_bounds",
                "test_the_level_is_kept_where_two_machines_differ",
            ),
        ),
        "that the machines were given the same noise",
    ),
    Row(
        "D1",
        "where every p < 1, certified accuracy at r > 0 is S(Φ(r/σ)): S determines every certified-accuracy curve",
        "paper",
        "proved",
        (
            coq("D1.v", "D1"),
            by_tests("test_audit_survival.py", "test_by_definition"),
            by_tests("test_radius.py", "test_radius_to_tail_and_back"),
        ),
        "nothing",
    ),
    Row(
        "D2",
        "ACR = ∫ CA(r) dr = ∫ S(u) R'(u) du",
        "known and new",
        "proved for finite samples",
        (
            coq("D2_D3.v", "D2", "D2_improper", covers="∫ CA = ACR"),
            coq("D2_sensitivity.v", "D2_sensitivity", covers="∫ S R' = ACR, p < 1"),
            symbolic("D2", "proofs/symbolic/report.py", "the substitution u = Φ(r/σ)"),
            by_tests("test_audit_survival.py", "test_acr_is_the_integral_of_certified_accuracy"),
        ),
        "infinite populations",
    ),
    Row(
        "D3",
        "S_A >= S_B everywhere iff A has at least B's mean of every non-decreasing utility; hence, for these fixed "
        "laws of p, at least B's expected ACR at every budget (N, α)",
        "known and new",
        "proved for finite laws",
        (
            coq("D2_D3.v", "D3_dominance_gives_utility", "D3"),
            coq("Budget.v", "expected_radius_non_decreasing", "D3_at_budget", covers="ACR at every budget"),
            by_tests("test_audit_compare.py", "test_dominance_means_a_larger_acr_at_every_budget"),
        ),
        "infinite populations",
    ),
    Row(
        "D4",
        "with probability 1 - ρ, #{p_i >= u} >= #{L_i >= u} - quantile(Bin(T, α)) at all u at once; for the population "
        "behind the test set, S(u) >= (P(L >= u) - α)/(1 - α), with the higher of two bands for P(L >= u), at ρ/2 each",
        "new",
        "proved for the samples; tested for the population",
        (
            coq("D4.v", "D4_stochastically_below", "D4_tail", "D4_band", "D4_certification"),
            by_tests("test_audit_survival.py", "test_bands_cover_as_often_as_they_promise"),
            by_tests("test_audit_survival.py", "test_population_band_covers"),
            by_tests(
                "test_audit_survival.py",
                "test_bands_of_labels_and_of_logs_hold_at_once",
                covers="labels and logs at once",
            ),
            by_tests(
                "test_statistics_bands.py",
                "test_crossing_probability_of_the_even_band",
                "test_crossing_probability_by_hand",
                "test_band_covers",
                covers="the error of the band of P(L >= u)",
            ),
            by_tests("test_statistics_bands.py", "test_narrower_than_dkw_and_a_quantile"),
        ),
        "DKW with Massart's constant (1990) is taken from its source",
    ),
    Row(
        "D5",
        "the ACR difference of two models on the same samples, split by the reference's p, adds up",
        "new",
        "tested",
        (by_tests("test_audit_compare.py", "test_attribution_bins_are_by_the_reference"),),
        "a definition more than a claim",
    ),
    Row(
        "D6",
        "the band integrated: with probability 1 - ρ, the mean true radius of these images is at least the mean radius "
        "without the q largest, q = quantile(Bin(T, α)); the population's is at least a bound on the mean of what is "
        "printed, less sup(r_N - max(0, R))",
        "new",
        "tested; follows from D2, D4, C4",
        (
            by_tests("test_audit_bounds.py", "test_bounds_lie_below_what_is_printed", "test_bounds_cover"),
            by_tests("test_audit_bounds.py", "test_overshoot_bounds_the_mean_error", covers="sup(r_N - max(0, R))"),
            by_tests(
                "test_statistics_means.py",
                "test_the_capital_at_the_bound",
                "test_bound_covers",
                covers="the bound on a bounded mean (Waudby-Smith & Ramdas 2024)",
            ),
            by_tests(
                "test_audit_bounds.py", "test_accuracy_bounds_by_definition", covers="certified accuracy at one r"
            ),
        ),
        "the bound by the normal law is approximate; Markov's inequality is taken as known",
    ),
    Row(
        "D7",
        "of T certificates at level α, Tα false ones are expected at most, quantile(Bin(T, α)) with probability 1 - ρ, "
        "none at level 1 - (1 - ρ)^(1/T); adjusted p-values of the counts keep a false-discovery rate over a test set",
        "known",
        "tested",
        (
            by_tests(
                "test_statistics_certificates.py",
                "test_numbers_by_definition",
                "test_false_certificates_are_as_few_as_said",
            ),
            by_tests(
                "test_statistics_certificates.py",
                "test_certified_together_by_definition",
                "test_false_discovery_rate_is_kept",
            ),
        ),
        "Benjamini & Hochberg (1995) is taken from its source",
    ),
    Row(
        "D8",
        "where every pair's order is decided at once with error ρ, the rank of a log lies between 1 + #above and "
        "T - #below, for all logs at once with probability 1 - ρ; the best log is in the top group",
        "known",
        "tested; approximate for many images",
        (
            by_tests("test_statistics_resampling.py", "test_intervals_and_ranks_hold_all_at_once"),
            by_tests("test_statistics_resampling.py", "test_laws_of_ranks"),
            by_tests(
                "test_statistics_multiple.py",
                "test_mcnemar_is_the_binomial_test",
                "test_holm_by_definition",
                "test_corrections_keep_their_promise",
                covers="pairs at a radius; all pairs, radii and budgets",
            ),
            by_tests("test_statistics_multiple.py", "test_sign_flips_are_exact", covers="two curves as a whole"),
        ),
        "between training runs: `power_of_runs` says how many runs that takes",
    ),
    Row(
        "D9",
        "inequality: the easiest tenth's share of ACR, the Gini coefficient, and the budget at which the constant "
        "classifier catches up (B2)",
        "new",
        "tested",
        (
            by_tests("test_statistics_inequality.py", "test_gini_is_the_mean_difference", "test_laws_of_the_share"),
            by_tests("test_audit_inequality.py", "test_by_definition"),
        ),
        "a definition more than a claim",
    ),
    Row(
        "E4",
        "vectors of equal norm have equal density under N(0, σ²I): the attack's projection stays on the shell",
        "paper",
        "proved",
        (
            coq("E4.v", "E4_equal_density", "E4_smaller_density", "E4_equal_norm", "E4_projection_stays_on_shell"),
            symbolic("E4", "proofs/symbolic/shell.py", "dimension 5"),
            by_tests("test_smoothing_training_parts.py", "test_the_attack_stays_on_the_sphere_and_helps"),
        ),
        "nothing",
    ),
    Row(
        "G1",
        "the truncated Krichevsky-Trofimov mixture W(q) is a supermartingale for every p <= q: stopping at any time, "
        "for any reason, with W >= 1/α errs with probability at most α",
        "known and new",
        "proved",
        (
            coq("G1.v", "G1_one_step", "G1_finite_mixture", "ville", "G1_ever", "G1_stopped", covers="any mixture"),
            coq("G1_mixture.v", "G1_interval_mixture", "kt_start", "kt_supermartingale", "G1", covers="this mixture"),
            coq("G4.v", "without_cap", covers="the limit over the horizon"),
            coq("G1_mixture.v", "kt_is_beta_integral", "kt_is_beta_integral_to_1", covers="it is the beta integral"),
            coq("Refutations_anytime.v", "untruncated_mixture_is_false", covers="false without the truncation"),
            balls("anytime.py", "false_alarms", covers="exact rates, N <= 60, four α, three q, p = q and below"),
            balls("anytime.py", "against_every_path", covers="the same rates from all 2^N paths, N <= 12"),
            by_tests(
                "test_sequential_mixture.py",
                "test_evidence_is_a_supermartingale_for_every_p_up_to_q",
                "test_false_alarms_exactly",
            ),
        ),
        "that the limit over the horizon is the probability for runs without a cap: countable additivity",
    ),
    Row(
        "G2",
        "a bound at most every q with W(q) < 1/α, such as their infimum, is a lower bound for p at all times at once; "
        "W does not increase in q where it exceeds 1, so the q with W(q) >= 1/α are an interval and each of them will "
        "do",
        "known and new",
        "proved for every finite horizon",
        (
            coq("G1.v", "G2", covers="any mixture"),
            coq("G1_mixture.v", "G2_kt", covers="this mixture"),
            coq("G2_interval.v", "G2_monotone", "G2_above_1", "G2_interval", "G2_any_rejected", covers="the interval"),
            balls("anytime.py", "bound_against_brute_force", covers="bisection, a grid of q and all paths, N <= 10"),
            by_tests(
                "test_sequential_mixture.py",
                "test_anytime_bound_is_sound_and_tight",
                "test_anytime_bound_is_the_infimum_by_brute_force",
            ),
        ),
        "runs without a cap, as for G1",
    ),
    Row(
        "G3",
        "giving up early, by any rule at all, spends no α",
        "known",
        "proved",
        (coq("G1.v", "G3"), by_tests("test_sequential_rules.py", "test_giving_up_does_not_touch_the_level")),
        "nothing",
    ),
    Row(
        "G4",
        "looks with thresholds: the crossing probability is computed by a recursion over counts and does not decrease "
        "in p, so thresholds at level α for p = q are at level α for every p <= q; repeated bounds at α each are not",
        "known",
        "proved",
        (
            coq("G4.v", "G4_exact", "G4_monotone", "G4", "G4_looks"),
            coq("G4.v", "G4_all_radii", covers="one run for all radii, uncorrected, by a family of thresholds"),
            coq("Refutations_anytime.v", "repeated_clopper_pearson_is_false", covers="bounds at α each"),
            balls("anytime.py", "repeated_bounds", covers="bounds at α each: above α by N = 60, four α, three p"),
            by_tests("test_sequential_crossing.py", "test_the_worst_case_is_the_threshold"),
            by_tests(
                "test_sequential_crossing.py", "test_crossing_probability_is_never_too_small_and_hardly_too_large"
            ),
        ),
        "nothing",
    ),
    Row(
        "G5",
        "G2 at wα during the run, Clopper-Pearson at (1-w)α at the cap: one bound, all radii from it, at level α",
        "known and new",
        "proved",
        (coq("G5.v", "G5"), by_tests("test_sequential_rules.py", "test_false_alarms_of_every_rule_exactly")),
        "the least mean number of draws is measured, not proved",
    ),
    Row(
        "H1",
        "if the directional derivative at G is at most d at every p in [0, 1], no law with finitely many values has a "
        "log-likelihood more than ln(1 + d) <= d above that of G; as many values as distinct counts are enough",
        "known",
        "proved for laws with finitely many values",
        (
            coq("H.v", "H1_mean_zero", "H1_gap", "H1_optimum", covers="the duality gap"),
            coq("H_atoms.v", "dependent", "H1_atoms", covers="the number of values"),
            coq("Refutations.v", "H1_optimum_at_values_is_false", covers="false if checked at the values of G only"),
            by_tests(
                "test_mixture.py",
                "test_gap_bounds_the_derivative_at_every_p",
                "test_no_distribution_beats_the_estimate_by_more_than_its_gap",
            ),
        ),
        "laws with infinitely many values; that a maximum is attained",
    ),
    Row(
        "H3",
        "if a region holds the true law with probability 1 - α, the range of a functional over it holds the true value "
        "with probability at least 1 - α",
        "known",
        "proved",
        (
            coq("H.v", "H3_localization"),
            by_tests("test_mixture_region.py", "test_range_holds_every_population_whose_law_is_in_the_region"),
        ),
        "that the region has its level: each region's own claim",
    ),
)
