"""Addresses of signing in, people, roles and keys, and the API of what people set for themselves."""

from django.urls import path

from reviewapp.access import api
from reviewapp.access.views import keys, own, people, person, roles, session

app_name = "access"
urlpatterns = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("password/", own.password, name="password"),
    path("preferences/", own.preferences, name="preferences"),
    path("preferences/keys/", own.own_keys, name="own-keys"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new_person, name="new-person"),
    path("people/roles/<str:name>/", roles.role, name="role"),
    path("people/roles/<str:name>/rights/", roles.role_grants, name="role-grants"),
    path("people/<uuid:pk>/", person.person, name="person"),
    path("people/<uuid:pk>/roles/", person.roles, name="roles"),
    path("people/<uuid:pk>/state/", person.state, name="state"),
    path("people/<uuid:pk>/password/", person.reset_password, name="reset-password"),
    path("people/<uuid:pk>/rights/", person.grants, name="grants"),
    path("keys/", keys.keys, name="keys"),
    path("keys/new/", keys.new_key, name="new-key"),
    path("keys/<uuid:pk>/revoke/", keys.revoke_key, name="revoke-key"),
]
api_urlpatterns = [
    path("me/keys", api.OwnKeysView.as_view(), name="api-own-keys"),
    path("me/absence", api.AbsenceView.as_view(), name="api-absence"),
]
