"""Recipes: how weights are moved and images are shown, whatever the method. A run has exactly one."""

from rstheory.smoothing.training.recipes.fast import Fast as Fast
from rstheory.smoothing.training.recipes.interface import Recipe as Recipe
from rstheory.smoothing.training.recipes.interface import Shown as Shown
from rstheory.smoothing.training.recipes.papers import Papers as Papers

# By the names that the command line and checkpoints have.
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (Papers(), Fast())}
